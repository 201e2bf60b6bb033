import { spawn } from 'node:child_process'

const frameMs = 250
const outputCharactersMax = 20_000

/**
 * Runs a program that may take a while and is only interesting if it fails: a line says what is going on,
 * on a terminal with the seconds. Throws an error that ends with the program's output if it fails.
 */
export async function runQuietly(what, [program, ...programArguments], options = {}) {
  const stop = showProgress(what)
  try {
    await captured(program, programArguments, options)
  } finally {
    stop()
  }
}

function captured(program, programArguments, options) {
  return new Promise((resolve, reject) => {
    let output = ''
    const child = spawn(program, programArguments, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        output = (output + text).slice(-outputCharactersMax)
      })
    }
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) return resolve()
      const command = [program, ...programArguments].join(' ')
      reject(new Error(`${command} ended with ${signal ?? code}\n${output.trimEnd()}`))
    })
  })
}

function showProgress(what) {
  if (!process.stderr.isTTY) {
    process.stderr.write(`${what} …\n`)
    return () => undefined
  }
  const started = Date.now()
  const draw = () => process.stderr.write(`\r${what} … ${Math.round((Date.now() - started) / 1_000)} s`)
  draw()
  const timer = setInterval(draw, frameMs)
  return () => {
    clearInterval(timer)
    process.stderr.write('\r\x1b[K')
  }
}

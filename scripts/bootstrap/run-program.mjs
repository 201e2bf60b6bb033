import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const passedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a program in the foreground and resolves with its exit code, as a shell would give it. Signals are
 * passed on: npm sends them to this process, and what was started must not outlive it.
 */
export function runProgram([program, ...programArguments], options) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, { stdio: 'inherit', ...options })
    const pass = (signal) => child.kill(signal)
    for (const signal of passedSignals) process.on(signal, pass)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      for (const name of passedSignals) process.off(name, pass)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

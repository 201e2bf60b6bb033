import { execFile } from 'node:child_process'
import { MayflyError } from '@mayfly/ca-core'

/** No command of the ceremony takes longer, even where scrypt shares its core with a test run. */
const commandLimitMs = 60_000
const outputBytesMax = 4 * 1024 * 1024

/** The words that start this very `mayfly` again, with whatever Node was told before. */
export function mayflyArgv(...words: string[]): [string, ...string[]] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...words]
}

/** Runs a `mayfly` command as a process of its own; resolves to the JSON value that it prints. */
export function runMayfly(...words: string[]): Promise<Record<string, unknown>> {
  const [program, ...rest] = mayflyArgv(...words, '--json')
  return new Promise((resolve, reject) => {
    execFile(
      program,
      rest,
      { timeout: commandLimitMs, maxBuffer: outputBytesMax },
      (error, output, complaint) => {
        if (error === null) {
          resolve(JSON.parse(output))
          return
        }
        const command = words.slice(0, 2).join(' ')
        reject(new MayflyError('command-failed', `mayfly ${command}: ${complaint.trim() || error.message}`))
      },
    )
  })
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** One session of a database's own command-line client, kept open. */
export interface ClientSession {
  /** Sends a statement that answers with one line. */
  ask(statement: string): Promise<string>
  close(): Promise<void>
}

/** Opens a session of `psql` or `mariadb`, told by `argv` to print bare values. */
export function openSession(
  argv: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): ClientSession {
  const [program, ...options] = argv
  const child: ChildProcess = spawn(program, options, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr?.on('data', (text) => {
    complaint += text
  })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  return {
    async ask(statement) {
      child.stdin?.write(`${statement};\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`${program} ended: ${complaint}`)
      return value
    },
    async close() {
      if (child.exitCode !== null) return
      child.stdin?.end()
      await once(child, 'exit')
    },
  }
}

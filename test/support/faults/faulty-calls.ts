import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Calls of a running process that go wrong. */
export interface FaultyCalls {
  /** They go well again. */
  end(): Promise<void>
}

/**
 * Has calls of a process go wrong from now on, in all its threads: `strace --inject` answers in the kernel's place.
 * `injection` as in strace(1), such as `fsync:error=EIO`.
 */
export async function injectFault(pid: number, injection: string): Promise<FaultyCalls> {
  const [calls] = injection.split(':')
  const options = ['-f', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${injection}`]
  const strace = spawn('strace', [...options, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(strace, 'exit')
  const told: string[] = []
  const lines = createInterface({ input: strace.stderr })
  const attached = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      told.push(line)
      if (line.includes('attached')) resolve()
    })
  })
  const failed = exited.then(() => {
    throw new Error(`strace ended: ${told.join(' ')}`)
  })
  failed.catch(() => undefined)
  await Promise.race([attached, failed])
  return {
    async end() {
      strace.kill('SIGINT')
      await exited
    },
  }
}

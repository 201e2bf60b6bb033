import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A file system of its own in memory, of that size, at an empty folder; `undefined` where mounting is not allowed. */
export async function mountSmallDisk(path: string, bytes: number): Promise<string | undefined> {
  const mounted = run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=755`, 'mayfly-test', path])
  return mounted.then(
    () => path,
    () => undefined,
  )
}

/** Takes it away again. */
export async function unmountDisk(path: string): Promise<void> {
  await run('umount', [path])
}

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')

/** Builds the packages as they are shipped, and gives back what starts the `mayfly` command of that build. */
export async function buildMayfly(): Promise<readonly [string, ...string[]]> {
  const compiler = join(root, 'node_modules/.bin/tsc')
  try {
    await promisify(execFile)(compiler, ['-b', 'packages/cli/tsconfig.json'], { cwd: root })
  } catch (cause) {
    // The compiler writes its complaints to its output.
    throw new Error(`the packages cannot be built:\n${(cause as { stdout?: string }).stdout}`, { cause })
  }
  return [process.execPath, join(root, 'packages/cli/dist/main.js')]
}

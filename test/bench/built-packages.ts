import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const packageFolder = join(import.meta.dirname, '../../packages/cli')

/** Builds the `mayfly` command as it is shipped, and gives back what starts it. */
export async function buildMayfly(): Promise<readonly [string, ...string[]]> {
  await promisify(execFile)(process.execPath, ['bundle.mjs'], { cwd: packageFolder })
  return [process.execPath, join(packageFolder, 'dist/main.js')]
}

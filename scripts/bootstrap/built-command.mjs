import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pinnedNode } from './npm-packages.mjs'
import { runProgram } from './run-program.mjs'

/** What tests start again and again in a process of its own, besides the command. */
const testPrograms = [
  'packages/agent/test/support/agent-child.ts',
  'packages/issuer-daemon/test/support/run-issuer.ts',
  'test/crash/issuer-child.ts',
  'test/crash/retire-child.ts',
  'test/crash/store-child.ts',
]

/**
 * Builds the `mayfly` command below `scratch` as its package holds it, and with it the programs of the tests. Resolves
 * to the folder of the built files, or to the exit code of a build that failed.
 */
export async function buildCommand(root, scratch, settings) {
  const source = join(root, 'packages', 'cli')
  const folder = join(scratch, 'command')
  mkdirSync(folder)
  // The command reads its version there.
  copyFileSync(join(source, 'package.json'), join(folder, 'package.json'))
  const built = join(folder, 'dist')
  const programs = testPrograms.map((path) => join(root, path))
  const build = [pinnedNode(root), join(source, 'bundle.mjs'), built, ...programs]
  const code = await runProgram(build, settings)
  return code === 0 ? built : code
}

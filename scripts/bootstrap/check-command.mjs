import { join } from 'node:path'
import { pinnedNode } from './npm-packages.mjs'
import { runProgram } from './run-program.mjs'

/**
 * Format, lint, types and the rules of the house. Everything is run, so that one look shows all.
 * Types on one thread: several check the same types anew, for twice the processor time and hardly sooner on two cores.
 */
export async function runChecks(root, { environment }) {
  const bin = (name) => join(root, 'node_modules', '.bin', name)
  const checks = {
    'format and lint': [bin('biome'), 'check', '--error-on-warnings', '.'],
    types: [bin('tsc'), '--noEmit', '--singleThreaded', '-p', 'tsconfig.json'],
    'rules of the house': [pinnedNode(root), '-C', 'source', '--test', 'test/tidy/*.test.ts'],
  }
  const failed = []
  for (const [name, command] of Object.entries(checks)) {
    console.log(`\n== ${name}`)
    if ((await runProgram(command, { cwd: root, env: environment })) !== 0) failed.push(name)
  }
  console.log(failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endLeftovers } from './leftover-processes.mjs'
import { pinnedNode } from './npm-packages.mjs'
import { runProgram } from './run-program.mjs'

const testFiles = ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts']
/** Many tests wait for servers and clocks: two cores are not filled by two files at a time. */
const filesAtOnce = 3
const fileTimeoutMs = 300_000

/**
 * Runs the tests (all, or the files and options in `given`). Where a Debian package is missing its tests
 * skip, and on CI a skip is a failure; a process that a test leaves behind is one everywhere. Whatever
 * happens, such processes and the tests' temporary files are gone afterwards.
 */
export async function runTests(root, given, { environment, missing, isStrict }) {
  // A short name: paths of Unix sockets end at 107 characters.
  const scratch = mkdtempSync(join(tmpdir(), 'mayfly-'))
  const skips = join(scratch, 'skipped')
  const temporary = join(scratch, 't')
  mkdirSync(temporary)
  // Servers that do not run as root use it too, as they use /tmp.
  chmodSync(scratch, 0o711)
  chmodSync(temporary, 0o1777)
  try {
    const code = await runProgram([pinnedNode(root), ...nodeArguments(root, skips, given)], {
      cwd: root,
      env: { ...environment, TMPDIR: temporary, MAYFLY_MISSING: missing.join(',') },
    })
    return code === 0 ? judge(scratch, skips, isStrict) : code
  } finally {
    endLeftovers(scratch)
    rmSync(scratch, { recursive: true, force: true, maxRetries: 3 })
  }
}

function nodeArguments(root, skips, given) {
  const options = [
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(root, 'scripts', 'bootstrap', 'skip-reporter.mjs')}`,
    `--test-reporter-destination=${skips}`,
    `--test-concurrency=${filesAtOnce}`,
    `--test-timeout=${fileTimeoutMs}`,
  ]
  const files = given.some((argument) => !argument.startsWith('-')) ? [] : testFiles
  return ['-C', 'source', '--test', ...options, ...given, ...files]
}

function judge(scratch, skips, isStrict) {
  const leftovers = endLeftovers(scratch)
  if (leftovers.length > 0) console.error(`\nThe tests left processes running:\n${leftovers.join('\n')}`)
  const skipped = readFileSync(skips, 'utf8').trim()
  if (skipped !== '') console.error(`\nSkipped:\n${skipped}`)
  return leftovers.length > 0 || (skipped !== '' && isStrict) ? 1 : 0
}

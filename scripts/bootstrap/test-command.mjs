import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildCommand } from './built-command.mjs'
import { endLeftovers } from './leftover-processes.mjs'
import { pinnedNode } from './npm-packages.mjs'
import { runProgram } from './run-program.mjs'
import { makeScratch, removeScratch } from './scratch-folder.mjs'

const rounds = [
  // Many tests wait for servers and clocks: two cores are not filled by fewer files at a time.
  { files: ['packages/*/test/**/*.test.ts', 'test/!(scenarios)/**/*.test.ts'], filesAtOnce: 4 },
  // Whole fleets, whose certificates live for a minute of real time: they have the machine to themselves. Beside
  // the longest, which mostly waits, there is room for the others.
  { files: ['test/scenarios/**/*.test.ts'], filesAtOnce: 2 },
]
/** A file of tests takes a minute; on a machine that is busy elsewhere it may take many. */
const testTimeoutMs = 900_000
/** A program that a signal ended has a larger exit code, as in a shell. */
const signalledCode = 128

/**
 * Runs the tests (all in their rounds, or the files and options in `given`). Where a Debian package is missing its tests
 * skip, and on CI a skip is a failure; a process that a test leaves behind is one everywhere. Whatever
 * happens, such processes and the tests' temporary files are gone afterwards; after a SIGKILL, at the next run.
 */
export async function runTests(root, given, { environment, missing, isStrict }) {
  const { scratch, temporary } = makeScratch()
  const settings = {
    cwd: root,
    env: {
      ...environment,
      TMPDIR: temporary,
      // Hundreds of processes read the same sources, whose types are then taken out once.
      NODE_COMPILE_CACHE: join(scratch, 'compiled'),
      MAYFLY_MISSING: missing.join(','),
    },
  }
  try {
    // A run within a run starts what that has built.
    const built = environment.MAYFLY_BUILT ?? (await buildCommand(root, scratch, settings))
    if (typeof built === 'number') return built
    // Tests start the command hundreds of times: as users have it, it starts in a third of the time of its source.
    settings.env.MAYFLY_BUILT = built
    let failure = 0
    for (const round of roundsOf(given)) {
      const skips = join(scratch, 'skipped')
      const code = await runProgram([pinnedNode(root), ...nodeArguments(root, skips, round)], settings)
      // By a signal: whoever ends a round wants no other.
      if (code > signalledCode) return code
      failure ||= code || judge(scratch, skips, isStrict)
    }
    return failure
  } finally {
    removeScratch(scratch)
  }
}

function roundsOf(given) {
  if (given.some((argument) => !argument.startsWith('-'))) return [{ ...rounds[0], files: given }]
  return rounds.map((round) => ({ ...round, files: [...given, ...round.files] }))
}

function nodeArguments(root, skips, { files, filesAtOnce }) {
  const options = [
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(root, 'scripts', 'bootstrap', 'skip-reporter.mjs')}`,
    `--test-reporter-destination=${skips}`,
    `--test-concurrency=${filesAtOnce}`,
    `--test-timeout=${testTimeoutMs}`,
  ]
  return ['-C', 'source', '--test', ...options, ...files]
}

function judge(scratch, skips, isStrict) {
  const leftovers = endLeftovers(scratch)
  if (leftovers.length > 0) console.error(`\nThe tests left processes running:\n${leftovers.join('\n')}`)
  const skipped = readFileSync(skips, 'utf8').trim()
  if (skipped !== '') console.error(`\nSkipped:\n${skipped}`)
  return leftovers.length > 0 || (skipped !== '' && isStrict) ? 1 : 0
}

/**
 * The way in, on a machine with Node 18 or later (Debian 12 has that) and nothing else: installs the pinned
 * packages (a newer Node among them) and the Debian packages that the command needs, then runs it on the pinned Node.
 * Plain JavaScript without dependencies, since it runs before anything is installed.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runChecks } from './bootstrap/check-command.mjs'
import { howToInstall, installDebianPackages } from './bootstrap/debian-packages.mjs'
import { installNpmPackages, pinnedNode } from './bootstrap/npm-packages.mjs'
import { runProgram } from './bootstrap/run-program.mjs'
import { startPinnedNode } from './bootstrap/start-pinned-node.mjs'
import { packTarballs } from './bootstrap/tarballs-command.mjs'
import { runTests } from './bootstrap/test-command.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const isStrict = process.env.CI === 'true'
// The tools' own scripts begin with `env node`: the pinned one comes first. Debian keeps servers in sbin,
// which is not on everybody's path.
const path = [dirname(pinnedNode(root)), process.env.PATH, '/usr/sbin', '/sbin'].join(':')
const environment = { ...process.env, PATH: path }

const commands = {
  demo: async (given) => {
    const missing = await installDebianPackages(root, 'demo')
    if (missing.length > 0) return sayMissing(missing, 'The demo needs')
    return runMayfly(['demo', ...given])
  },
  mayfly: (given) => runMayfly(given),
  bench: async (given) => {
    const missing = await installDebianPackages(root, 'bench')
    if (missing.length > 0) return sayMissing(missing, 'The benchmarks need')
    return runSource('test/bench/run-bench.ts', given)
  },
  test: async (given) => {
    const missing = await installDebianPackages(root, 'test')
    if (missing.length > 0 && isStrict) return sayMissing(missing, 'The tests need')
    if (missing.length > 0) sayMissing(missing, 'Tests will be skipped that need')
    return runTests(root, given, { environment, missing, isStrict })
  },
  fuzz: (given) => runSource('test/fuzz/run-fuzz.ts', given),
  check: () => runChecks(root, { environment }),
  simulate: (given) => runSource('test/simulation/simulate.ts', given),
  docs: () => runSource('scripts/write-docs.ts', []),
  tarballs: (given) => packTarballs(root, given, { environment }),
}

function runMayfly(given) {
  return runSource('packages/cli/src/main.ts', given)
}

function runSource(path, given) {
  return runProgram([pinnedNode(root), '-C', 'source', join(root, path), ...given], { env: environment })
}

function sayMissing(names, sentence) {
  console.error(`${sentence} ${names.join(', ')}. ${howToInstall(names)}`)
  return 1
}

async function main([name, ...given]) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined
  if (command === undefined) {
    console.error(`Usage: npm run ${Object.keys(commands).join('|')} [-- ARGUMENTS]`)
    return 2
  }
  await installNpmPackages(root)
  await startPinnedNode(root, name)
  return command(given)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

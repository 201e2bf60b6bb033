import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { keyTypes, profileNames } from '@mayfly/ca-core'
import type { Command } from 'commander'
import { keyTypeChoices, profileChoices } from '../src/commands/choices.ts'
import { jsonOutputs } from '../src/json/json-outputs.ts'
import { createProgram } from '../src/program.ts'
import { makeRequest } from './support/make-request.ts'
import { mayfly, mayflyOnTerminal, run, sourceCommand, temporaryFolder } from './support/run-mayfly.ts'

for (const [args, suggestion] of [
  [['rot', 'create'], "unknown command 'rot'\n(Did you mean root?)"],
  [['root', 'sgin'], "unknown command 'sgin'\n(Did you mean sign?)"],
  [['root', 'show', '--root', 'x', '--jsn'], "unknown option '--jsn'\n(Did you mean --json?)"],
] as const) {
  test(`mayfly ${args.join(' ')}: mistyped → usage, with the nearest that exists`, async () => {
    const { exitCode, stderr, stdout } = await mayfly(args)
    assert.equal(exitCode, 2)
    assert.equal(stderr, `mayfly: ${suggestion} (usage)\n`)
    assert.equal(stdout, '')
  })
}

test('an error with --json: → one JSON object on standard error, nothing on standard output', async () => {
  const { exitCode, stderr, stdout } = await mayfly(['root', 'show', '--root', '/nowhere', '--json'])
  assert.equal(exitCode, 4)
  assert.equal(stdout, '')
  const { error } = JSON.parse(stderr)
  assert.deepEqual([error.code, error.exitCode, error.details.path], ['file-missing', 4, '/nowhere/root.pem'])
  const misuse = JSON.parse((await mayfly(['root', 'show', '--json'])).stderr)
  assert.equal(misuse.error.code, 'usage')
})

test('mayfly without a command: → the help and nothing but the help, as misuse', async () => {
  for (const args of [[], ['root']]) {
    const { exitCode, stderr } = await mayfly(args)
    assert.equal(exitCode, 2)
    assert.equal(stderr, (await mayfly([...args, '--help'])).stdout)
  }
})

test('mayfly help and --version: → on standard output, exit code 0', async () => {
  for (const args of [['--help'], ['help'], ['help', 'root'], ['root', 'sign', '--help']]) {
    const { exitCode, stdout, stderr } = await mayfly(args)
    assert.equal(exitCode, 0)
    assert.match(stdout, /Usage: mayfly/)
    assert.equal(stderr, '')
  }
  assert.match((await mayfly(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
})

test('mayfly help exit-codes: → the table', async () => {
  const { exitCode, stdout } = await mayfly(['help', 'exit-codes'])
  assert.equal(exitCode, 0)
  assert.match(stdout, /130 {2}The operator said no, or stopped it\./)
})

test('every command: has help that says what it does; those that answer have --json', async () => {
  const daemons = ['issuer run', 'agent run']
  // The demo's own parts are started by the demo only.
  const groups = createProgram(() => {}, []).commands.filter((group) => group.name() !== 'demo')
  for (const group of groups) {
    for (const command of group.commands) {
      const name = `${group.name()} ${command.name()}`
      assert.notEqual(command.description(), '', name)
      const hasJson = command.options.some(({ long }) => long === '--json')
      assert.equal(hasJson, !daemons.includes(name), name)
    }
  }
})

test('every command with --json: has a schema of what it prints, and no schema is without its command', () => {
  const wordsOf = (command: Command, before: string): string[] => {
    const words = `${before} ${command.name()}`.trim()
    const own = command.options.some(({ long }) => long === '--json') ? [words] : []
    return [...own, ...command.commands.flatMap((part) => wordsOf(part, words))]
  }
  const withJson = createProgram(() => {}, []).commands.flatMap((command) => wordsOf(command, ''))
  assert.deepEqual(withJson.toSorted(), Object.keys(jsonOutputs).toSorted())
})

test('choices in the help: → every key type and profile there is', () => {
  assert.deepEqual(keyTypeChoices, keyTypes)
  assert.deepEqual(profileChoices, profileNames)
})

for (const [args, loaded] of [
  [['--help'], 'commander'],
  // Asks the issuer that runs.
  [
    ['token', 'list', '--socket', '/nowhere'],
    '@mayfly/ca-core @mayfly/issuer-daemon/administration @mayfly/platform commander',
  ],
  // Works on the files of one that does not run: without its API.
  [
    ['issuer', 'init', '--config', '/nowhere', '--out', '/nowhere'],
    '@mayfly/ca-core @mayfly/issuer-daemon @mayfly/platform commander',
  ],
] as const) {
  test(`mayfly ${args.slice(0, 2).join(' ')}: → loads what it needs, and nothing else`, async () => {
    const recorder = fileURLToPath(new URL('support/loaded-modules.ts', import.meta.url))
    const [node, ...rest] = sourceCommand
    const { stderr } = await run([node, '--import', recorder, ...rest, ...args])
    assert.equal(stderr.trimEnd().split('\n').at(-1), `loaded: ${loaded}`)
  })
}

test('colour: → on a terminal, and neither in a pipe nor under NO_COLOR', async (context) => {
  const folder = await temporaryFolder(context)
  const { path } = await makeRequest(`${folder}/request.pem`)
  const args = ['inspect', path]
  const colourCode = '\u001b['
  assert.ok(!(await mayfly(args)).stdout.includes(colourCode))
  const coloured = { env: { TERM: 'xterm-256color' } }
  assert.ok((await mayflyOnTerminal(args, [], coloured)).stdout.includes(colourCode))
  const plain = { env: { TERM: 'xterm-256color', NO_COLOR: '1' } }
  assert.ok(!(await mayflyOnTerminal(args, [], plain)).stdout.includes(colourCode))
})

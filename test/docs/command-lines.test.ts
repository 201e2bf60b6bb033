import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createProgram } from '../../packages/cli/src/program.ts'

const root = join(import.meta.dirname, '../..')
const pages = globSync(['*.md', 'docs/**/*.md', 'packages/*/README.md'], { cwd: root }).sort()

type Command = ReturnType<typeof createProgram>

/** What a page says of `mayfly`: code spans that begin with it, and lines of code blocks, with or without a prompt. */
function commandLines(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8')
  const blocks = Array.from(text.matchAll(/^ *```\w*\n([\s\S]*?)^ *```$/gm), ([, block = '']) => block)
  const indented = Array.from(text.matchAll(/^ {4}(.*)$/gm), ([, line = '']) => line)
  const lines = [...blocks.flatMap((block) => block.split('\n')), ...indented]
  const prose = text.replaceAll(/^ *```\w*\n[\s\S]*?^ *```$/gm, '')
  return [
    ...lines.flatMap((line) => /^\s*(?:\w*[$] +)?mayfly (.*)$/.exec(line)?.[1] ?? []),
    ...Array.from(prose.matchAll(/`mayfly ([^`]+)`/g), ([, line = '']) => line.replaceAll(/\s+/g, ' ')),
  ]
}

/** The words of a line up to a comment or a pipe; `…` is the value of an option, or whatever else belongs there. */
function words(line: string): string[] {
  const command = line.split(/ +[#|]/)[0] ?? ''
  const found = Array.from(command.matchAll(/"[^"]*"|'[^']*'|\S+/g), ([word]) => word)
  return found.filter(
    (word, index) => word !== '--help' && (word !== '…' || found[index - 1]?.startsWith('-')),
  )
}

/** What the command would not take of a line; what may be left out in a sentence is not asked for. */
function complaint(line: string): string | undefined {
  const given = words(line)
  let command: Command = createProgram(() => undefined, [])
  while (command.commands.length > 0 && given.length > 0) {
    const name = given.shift()
    if (command.parent === null && name === 'help') continue
    const next = command.commands.find(
      (child) => child.name() === name || child.aliases().includes(name ?? ''),
    )
    if (next === undefined) return `no command ${name}`
    command = next
  }
  // A sentence may end with the name of an option and leave out its value.
  const read = withoutParsers(command).parseOptions([...given, '…'])
  const operands = read.operands.filter((word) => word !== '…')
  const unknown = read.unknown.filter((word) => word !== '…')
  if (unknown.length > 0) return `unknown: ${unknown.join(' ')}`
  const places = command.registeredArguments
  const isOpen = places.some(({ variadic }) => variadic)
  return operands.length > places.length && !isOpen ? `one too many: ${operands.at(-1)}` : undefined
}

/** Values in sentences are words like FILE, which the parsers of options would refuse. */
function withoutParsers(command: Command): Command {
  for (const option of command.options) option.argParser((value: string) => value)
  return command
}

describe('command lines in the documents', () => {
  for (const page of pages) {
    it(`${page}: each line with mayfly → a command, its options and arguments that exist`, () => {
      const wrong = commandLines(page).flatMap((line) => {
        const what = complaint(line)
        return what === undefined ? [] : [`mayfly ${line}: ${what}`]
      })
      assert.deepEqual(wrong, [])
    })
  }

  it('the pages hold command lines: found', () => {
    assert.ok(commandLines('docs/operations.md').includes('issuer backup --out FILE'))
    assert.ok(commandLines('docs/operations.md').includes('agent enroll TOKEN --name web'))
    assert.ok(commandLines('README.md').some((line) => line.startsWith('root create --out')))
  })

  it('a line with a command, an option or an argument that does not exist: → said', () => {
    assert.equal(complaint('issuer restart'), 'no command restart')
    assert.equal(complaint('issuer backup --into FILE'), 'unknown: --into FILE')
    assert.equal(complaint('issuer restore FILE OTHER'), 'one too many: OTHER')
    assert.equal(complaint('help exit-codes'), undefined)
  })
})

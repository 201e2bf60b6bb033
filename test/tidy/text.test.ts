import { describe } from 'node:test'
import { houseRule } from './house-rule.ts'
import { type ExportedNames, publicNames } from './public-names.ts'
import { projectFiles, projectPaths, type SourceFile } from './source-files.ts'

/** These say nothing wherever they stand in a name … */
const vagueWords = ['util', 'utils', 'helper', 'helpers', 'common', 'manager', 'misc', 'stuff']
/** … and these where they are the whole of it. */
const vagueAlone = ['handle', 'handler', 'handlers', 'process', 'data', 'types', 'lib', 'shared', 'base']
const vagueName = new RegExp(
  `(?:^|[/.-])(?:${vagueWords.join('|')})(?=[/.-]|$)|(?:^|/)(?:${vagueAlone.join('|')})(?=[/.]|$)`,
)
const leftoverFile = /\.(?:orig|rej|bak|swp|tmp|log|tgz|pid)$|~$|(?:^|\/)\.DS_Store$/
const thisFolder = 'test/tidy/'

describe('files', () => {
  houseRule('vague names', () =>
    projectPaths()
      .filter((path) => vagueName.test(path))
      .map((path) => ({ path, what: 'is named with a word that says nothing' })),
  )

  houseRule('kebab-case', () =>
    projectPaths()
      .filter(
        (path) => /^(?:packages|test|scripts)\//.test(path) && !/(?:README|LICENSE|CHANGELOG)/.test(path),
      )
      .filter((path) => !/^[a-z0-9./-]+$/.test(path))
      .map((path) => ({ path, what: 'is not in kebab-case' })),
  )

  houseRule('no leftovers', () => [
    ...projectPaths()
      .filter((path) => leftoverFile.test(path))
      .map((path) => ({ path, what: 'looks left over' })),
    ...lines(/\b(?:TODO|FIXME|XXX|HACK)\b/, 'puts off work'),
    ...lines(/\bdebugger\b|\b(?:it|describe|test)\.only\(/, 'is left from debugging'),
    ...lines(/(?<![.\w])\/(?:work|root|home)\/[a-z]/, "names a folder of somebody's machine"),
    ...lines(/@ts-ignore|@ts-nocheck|biome-ignore-all/, 'switches a check off for more than one line'),
  ])

  houseRule('every function and class that a package exports says what it does', () =>
    publicNames().flatMap(({ file, names }) => undocumented(file, names)),
  )
})

function lines(pattern: RegExp, what: string): { path: string; what: string }[] {
  return projectFiles()
    .filter(({ path }) => !path.startsWith(thisFolder))
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, index) =>
          pattern.test(line) ? [{ path, what: `line ${index + 1} ${what}: ${line.trim()}` }] : [],
        ),
    )
}

const exportedFunction =
  /^export (?:async )?(?:function\*? |abstract class |class )(\w+)|^export const (\w+)(?:: [^=]+)? = (?:async )?(?:\([^)]*\)|\w+)(?:: [^=]+)? =>/

function undocumented({ path, text }: SourceFile, names: ExportedNames): { path: string; what: string }[] {
  const all = text.split('\n')
  return all.flatMap((line, index) => {
    const found = exportedFunction.exec(line)
    const name = found?.[1] ?? found?.[2]
    if (name === undefined || all[index - 1]?.trim().endsWith('*/') === true) return []
    if (names !== 'all' && !names.includes(name)) return []
    // A later overload is told of by the first.
    if (all.slice(0, index).some((earlier) => earlier.startsWith(`export function ${name}(`))) return []
    return [{ path, what: `${name} has no doc comment` }]
  })
}

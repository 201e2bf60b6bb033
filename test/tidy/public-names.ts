import { dirname, join, normalize } from 'node:path'
import { type SourceFile, shippedFiles } from './source-files.ts'

export type ExportedNames = 'all' | readonly string[]

interface PublicFile {
  readonly file: SourceFile
  /** What of it the package exports. */
  readonly names: ExportedNames
}

/** What the packages export to the world: what can be reached from each `src/index.ts`. */
export function publicNames(): PublicFile[] {
  const files = new Map(shippedFiles().map((file) => [file.path, file]))
  const found: PublicFile[] = []
  const visit = (path: string, names: ExportedNames): void => {
    const file = files.get(path)
    if (file === undefined) return
    found.push({ file, names })
    for (const { target, names: passed } of reExports(file)) {
      visit(normalize(join(dirname(path), target)), passed)
    }
  }
  for (const path of files.keys()) if (/^packages\/[^/]+\/src\/index\.ts$/.test(path)) visit(path, 'all')
  return found
}

function reExports({ text }: SourceFile): { target: string; names: ExportedNames }[] {
  const statement = /^export (?:\*|\{([^}]*)\}) from '(\.[^']+)'/gm
  return Array.from(text.matchAll(statement), ([, list, target = '']) => ({
    target,
    names: list === undefined ? 'all' : list.split(',').map((name) => name.trim().split(' as ')[0] ?? ''),
  }))
}

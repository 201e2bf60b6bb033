import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export const root: string = join(import.meta.dirname, '../..')

export interface SourceFile {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
}

const skippedFolders = new Set(['node_modules', 'dist', 'tarballs', '.git'])
const textFile = /\.(?:ts|mjs|json|ya?ml|md|grit|service|sh|conf|html|css)$|^\.ci\/run$|^[A-Z]+$/

/** Every file of the project that is written by hand. */
export function projectFiles(): SourceFile[] {
  return filesUnder(root)
    .filter((path) => textFile.test(path) && path !== 'pnpm-lock.yaml')
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** Every path of the project, folders and files of any kind. */
export function projectPaths(): string[] {
  return filesUnder(root)
}

/** The code that is shipped: `packages/<name>/src`. */
export function shippedFiles(): SourceFile[] {
  return projectFiles().filter(({ path }) => /^packages\/[^/]+\/src\/.+\.ts$/.test(path))
}

/** The package that a path belongs to: `ca-core`, or `test`. */
export function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1] ?? (path.startsWith('test/') ? 'test' : undefined)
}

/** What a file imports or re-exports, statically or not, as written. */
export function importsOf({ text }: SourceFile): string[] {
  const specifier = /(?:^|[\s;}])(?:from|import)\s*\(?\s*'([^']+)'/g
  return Array.from(withoutComments(text).matchAll(specifier), ([, name]) => name ?? '')
}

/** The text with comments blanked out, lines kept. */
export function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, (comment) =>
    comment.replaceAll(/[^\n]/g, ' '),
  )
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skippedFolders.has(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesUnder(path) : [relative(root, path)]
  })
}

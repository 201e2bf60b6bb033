import { type FileSystem, isMayflyError, MayflyError } from '@mayfly/ca-core'
import { LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { collectionKeys } from './collection-keys.ts'
import { describeIssues } from './describe-issues.ts'
import { repeatedKeys } from './repeated-keys.ts'
import { allowedKeys } from './schema-keys.ts'

/** A configuration is written by hand; a megabyte is a wrong file. */
const configurationBytesMax = 1_048_576

export interface YamlFileOptions {
  /** A larger file is not read any further. */
  readonly bytesMax?: number
  /** What to do where there is no such file, as a sentence. */
  readonly whereMissing?: string
}

/**
 * Reads the YAML file at `path` and checks it against `schema`, in which unknown keys should be refused
 * (`z.strictObject`). Throws `config-invalid` with one line `file:line:column: key: reason` for every
 * problem found, also in `details.problems`.
 */
export async function readYamlConfiguration<T>(
  fileSystem: Pick<FileSystem, 'readFile'>,
  path: string,
  schema: z.ZodType<T, unknown>,
  { bytesMax = configurationBytesMax, whereMissing }: YamlFileOptions = {},
): Promise<T> {
  const content = await fileSystem.readFile(path).catch((error: unknown) => {
    throw whereMissing === undefined ? error : withAdvice(error, whereMissing)
  })
  if (content.byteLength > bytesMax) {
    throw invalid(path, [`${path}:1:1: the file is larger than ${bytesMax} bytes`])
  }
  return parseYamlConfiguration(Buffer.from(content).toString('utf8'), path, schema)
}

/** The same for text that is in hand; `path` is named in the problems. */
export function parseYamlConfiguration<T>(text: string, path: string, schema: z.ZodType<T, unknown>): T {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  const mistakes = [
    ...document.errors.map(({ pos, message }) => ({ offset: pos[0], message })),
    ...repeatedKeys(document).map((offset) => ({ offset, message: 'Map keys must be unique' })),
    ...collectionKeys(document).map((offset) => ({ offset, message: 'A key must be a text' })),
  ].sort((one, other) => one.offset - other.offset)
  if (mistakes.length > 0) {
    throw invalid(
      path,
      mistakes.map(({ offset, message }) => `${place(path, lines, offset)}: ${message}`),
    )
  }
  // Aliases are never needed here, and expanding nested ones can fill the memory.
  const written = withoutAliases(() => document.toJS({ maxAliasCount: 0 }), path) ?? {}
  // Read seldom: a check that is compiled to a function of its own would cost more than it saves.
  const parsed = schema.safeParse(written, { jitless: true })
  if (parsed.success) return parsed.data
  const problems = describeIssues(parsed.error.issues, document, allowedKeys(schema))
  throw invalid(
    path,
    problems.map(
      ({ offset, key, reason }) => `${place(path, lines, offset)}: ${key === '' ? '' : `${key}: `}${reason}`,
    ),
  )
}

/** What a configuration says of one thing, whatever is wrong with the rest of it. */
export interface YamlExcerpt<T> {
  readonly value: T
  /** What keeps the file from being read as it should be. */
  readonly mistake?: MayflyError
}

/**
 * Reads what `schema` knows of the YAML file at `path`, in spite of mistakes elsewhere in it, also where it is no YAML any
 * more. It is for finding what lies elsewhere, never for doing what the file says. Throws `config-invalid` only where
 * nothing can be made out.
 */
export async function readYamlExcerpt<T>(
  fileSystem: FileSystem,
  path: string,
  schema: z.ZodType<T, unknown>,
  options: YamlFileOptions = {},
): Promise<YamlExcerpt<T>> {
  try {
    return { value: await readYamlConfiguration(fileSystem, path, schema, options) }
  } catch (mistake) {
    if (!isMayflyError(mistake, 'config-invalid')) throw mistake
    const value = readBrokenYaml(new TextDecoder().decode(await fileSystem.readFile(path)), schema)
    if (value === undefined) throw mistake
    return { value, mistake }
  }
}

function readBrokenYaml<T>(text: string, schema: z.ZodType<T, unknown>): T | undefined {
  try {
    // What is passed over here was told of already; the library would warn the process besides.
    const document = parseDocument(text, { prettyErrors: false, logLevel: 'error' })
    const written: unknown = document.toJS({ maxAliasCount: 0 })
    return schema.safeParse(written, { jitless: true }).data
  } catch {
    return undefined
  }
}

function withAdvice(error: unknown, whereMissing: string): unknown {
  if (!isMayflyError(error, 'file-missing')) return error
  return new MayflyError('file-missing', `${error.message}. ${whereMissing}`, {
    details: error.details,
    cause: error,
  })
}

function withoutAliases(read: () => unknown, path: string): unknown {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause
    throw invalid(path, [`${path}:1:1: aliases (*name) are not allowed here`])
  }
}

function place(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${path}:${Math.max(line, 1)}:${Math.max(col, 1)}`
}

function invalid(path: string, problems: readonly string[]): MayflyError {
  return new MayflyError('config-invalid', problems.join('\n'), { details: { path, problems } })
}

import { type FileSystem, MayflyError } from '@mayfly/ca-core'
import type * as z from 'zod'
import { readIfThere } from './read-if-there.ts'
import { stateFileAccess } from './state-folder.ts'

/** A state file is a few certificates and keys; a larger one is not ours. */
const fileBytesMax = 1_048_576

/**
 * Reads a state file; `undefined` where there is none.
 *
 * @throws MayflyError `state-invalid` where the file is torn, from another version or not ours, with `remedy`.
 */
export async function readJsonFile<T>(
  fileSystem: FileSystem,
  path: string,
  schema: z.ZodType<T>,
  remedy: string,
): Promise<T | undefined> {
  const content = await readIfThere(fileSystem, path)
  if (content === undefined) return undefined
  const invalid = (reason: string): MayflyError =>
    new MayflyError('state-invalid', `${path}: ${reason}; ${remedy}`, { details: { path } })
  if (content.length > fileBytesMax) throw invalid(`over ${fileBytesMax} bytes`)
  // Read once, at the start: a check that is compiled to a function of its own would cost more than it saves.
  const parsed = schema.safeParse(parseJson(content, invalid), { jitless: true })
  // Only places are named: what stands there may be a key.
  if (!parsed.success) throw invalid(`wrong at ${placesOf(parsed.error)}`)
  return parsed.data
}

/** Replaces a state file in one durable step. */
export async function writeJsonFile(fileSystem: FileSystem, path: string, value: unknown): Promise<void> {
  await fileSystem.replaceFile(path, lineOf(JSON.stringify(value)), stateFileAccess)
}

/** Written once: a line end that is put behind the text itself would copy all of it. */
function lineOf(text: string): Uint8Array {
  const line = Buffer.allocUnsafe(Buffer.byteLength(text) + 1)
  line[line.write(text)] = lineEnd
  return line
}

const lineEnd = 0x0a

function parseJson(content: Uint8Array, invalid: (reason: string) => MayflyError): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch {
    // The parser's message quotes the text, which may be a key.
    throw invalid(content.length === 0 ? 'the file is empty' : 'the file is not complete JSON')
  }
}

function placesOf(error: z.ZodError): string {
  const places = error.issues.map((issue) => issue.path.map(String).join('.') || 'the top')
  return [...new Set(places)].slice(0, 5).join(', ')
}

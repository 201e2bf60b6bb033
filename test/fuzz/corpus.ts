import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A file of samples each, in `corpus/`. */
export const corpusKinds = [
  'certificate',
  'pkcs10',
  'private-key',
  'pem',
  'name',
  'bundle',
  'request',
  'token',
  'message',
  'issuer-yaml',
  'agent-yaml',
  'identities-yaml',
  'http',
] as const

export type CorpusKind = (typeof corpusKinds)[number]

export function corpusPath(kind: CorpusKind): string {
  return join(import.meta.dirname, 'corpus', `${kind}.txt`)
}

/** The samples of a kind: a line each, its name and its bytes in base64. */
export async function readCorpus(kind: CorpusKind): Promise<readonly Uint8Array[]> {
  const lines = (await readFile(corpusPath(kind), 'utf8')).trim().split('\n')
  return lines.map((line) => Buffer.from(line.split(' ')[1] ?? '', 'base64'))
}

import { combined } from './combined.ts'
import { credentialBundle } from './credential-bundle.ts'
import { derPair } from './der-pair.ts'
import type { Format, FormatOptions } from './format.ts'
import type { FormatName } from './format-name.ts'
import type { GenerationFile } from './generation-file.ts'
import type { Material } from './material.ts'
import { pemSet } from './pem-set.ts'

export interface FormatRequest extends FormatOptions {
  /** In any order; `pem` is implied. */
  readonly formats: readonly FormatName[]
}

const formatTable = {
  pem: pemSet,
  combined,
  // Loaded where it is asked for: node-forge is much to have resident on every host.
  pkcs12: async (...order) => (await import('./pkcs12-stores.ts')).pkcs12Stores(...order),
  'credential-bundle': credentialBundle,
  der: derPair,
} satisfies Record<FormatName, Format>

/**
 * Every file of a generation. The same material and request give the same bytes.
 *
 * Throws `config-invalid` for PKCS #12 without a password, and `key-type-unsupported` for PKCS #12
 * with an ML-DSA key.
 */
export async function encodeFormats(material: Material, request: FormatRequest): Promise<GenerationFile[]> {
  const names = new Set<FormatName>(['pem', ...request.formats])
  const files: GenerationFile[] = []
  for (const name of names) files.push(...(await formatTable[name](material, request)))
  return files
}

import type { GenerationFile } from './generation-file.ts'
import type { Material } from './material.ts'

export interface FormatOptions {
  /** Opens the PKCS #12 stores; UTF-8 without the trailing newline of the file that it comes from. */
  readonly keystorePassword?: Uint8Array
}

/**
 * One way to write material down. The same material gives the same bytes, so that what is on the
 * disk can be compared with what should be there.
 */
export type Format = (
  material: Material,
  options: FormatOptions,
) => GenerationFile[] | Promise<GenerationFile[]>

export function publicText(name: string, text: string): GenerationFile {
  return { name, content: new TextEncoder().encode(text), secret: false }
}

export function secretText(name: string, text: string): GenerationFile {
  return { name, content: new TextEncoder().encode(text), secret: true }
}

/** One file of a generation, ready to be written. */
export interface GenerationFile {
  /** One plain path component, such as `fullchain.pem`. */
  readonly name: string
  readonly content: Uint8Array
  /** Whether it holds the private key, encrypted or not. */
  readonly secret: boolean
}

/** Hashes and serials are hex text in the program and half as long on disk. */
export function hexToBlob(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}

export function blobToHex(blob: Uint8Array): string {
  return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('hex')
}

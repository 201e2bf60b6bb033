/**
 * What is piped in, as bytes. Of more than `bytesMax` one byte more is given, and the rest is not read: whoever bounds a
 * file by its length sees that it is over.
 */
export async function readStandardInput(bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > bytesMax) break
  }
  return Buffer.concat(chunks).subarray(0, bytesMax + 1)
}

import { X509Certificate } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** The generation that a live link points to, and its serial; `undefined` before the first. */
export async function installedGeneration(
  live: string,
): Promise<{ readonly generation: number; readonly serial: string } | undefined> {
  try {
    const folder = await readlink(live)
    const leaf = new X509Certificate(await readFile(join(live, '..', folder, 'cert.pem')))
    return { generation: Number(basename(folder)), serial: leaf.serialNumber.toLowerCase() }
  } catch {
    // Not enrolled yet; the next look tells.
    return undefined
  }
}

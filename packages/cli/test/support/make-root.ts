import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Finished, mayfly } from './run-mayfly.ts'

export const passphrase = 'correct horse battery staple'

export interface RootSetting {
  /** The folder of the root. */
  readonly root: string
  readonly passphraseFile: string
}

/** A root made by the real command in `folder`. */
export async function makeRoot(
  folder: string,
  more: readonly string[] = [],
): Promise<RootSetting & { created: Finished }> {
  const passphraseFile = join(folder, 'passphrase')
  await writeFile(passphraseFile, `${passphrase}\n`, { mode: 0o600 })
  await chmod(passphraseFile, 0o600)
  const root = join(folder, 'root')
  const created = await mayfly([
    'root',
    'create',
    ...['--out', root, '--trust-domain', 'corp.example', '--passphrase-file', passphraseFile],
    ...more,
  ])
  return { root, passphraseFile, created }
}

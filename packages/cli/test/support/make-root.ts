import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { quicken } from '../../../../test/support/quick-keys.ts'
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
  const root = join(folder, 'root')
  const created = await mayfly([
    'root',
    'create',
    ...['--out', root, '--trust-domain', 'corp.example', '--passphrase-file', passphraseFile],
    ...more,
  ])
  return { root, passphraseFile, created }
}

const made = new Map<string, Promise<string>>()

/**
 * A copy of a root that the real command made once for the whole file of tests. Its key opens at once: what guessing
 * the passphrase costs is looked at where a root is made (`root-create.test.ts`), and not at every signature.
 */
export async function copyRoot(folder: string, more: readonly string[] = []): Promise<RootSetting> {
  const key = more.join(' ')
  const original = made.get(key) ?? makeOriginal(more)
  made.set(key, original)
  await cp(await original, folder, { recursive: true })
  return { root: join(folder, 'root'), passphraseFile: join(folder, 'passphrase') }
}

async function makeOriginal(more: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-cli-root-'))
  const { root, created } = await makeRoot(folder, more)
  if (created.exitCode !== 0) throw new Error(created.stderr)
  const key = join(root, 'root-key.pem')
  await writeFile(key, quicken(await readFile(key, 'utf8'), passphrase))
  return folder
}

after(async () => {
  for (const original of made.values()) await rm(await original, { recursive: true, force: true })
})

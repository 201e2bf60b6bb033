import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemRandom } from '@mayfly/platform'
import { runMayfly } from './demo-command.ts'
import { issuerConfiguration } from './demo-configuration.ts'
import type { DemoFolders } from './demo-folders.ts'

export interface PreparedIssuer {
  readonly configuration: string
  readonly url: string
  /** SHA-256 of the root. */
  readonly rootFingerprint: string
  /** SHA-256 of the intermediate's key, compared by both sides of the ceremony. */
  readonly keyFingerprint: string
}

/** The root, the request on the stick, the signature, the way back: each by the commands that an operator types. */
export async function holdCeremony(folders: DemoFolders, port: number): Promise<PreparedIssuer> {
  for (const folder of [folders.issuer, folders.stick, folders.root]) await mkdir(folder, { recursive: true })
  const rootPassphrase = await writePassphrase(join(folders.root, 'passphrase'))
  const issuerPassphrase = await writePassphrase(join(folders.issuer, 'passphrase'))
  const configuration = join(folders.issuer, 'issuer.yaml')
  const settings = { port, home: folders.issuer, passphraseFile: issuerPassphrase }
  await writeFile(configuration, issuerConfiguration(settings))

  const rootFolder = join(folders.root, 'root')
  const root = await runMayfly(
    ...['root', 'create', '--out', rootFolder, '--trust-domain', 'mayfly.test'],
    ...['--name', 'Mayfly Demo Root', '--passphrase-file', rootPassphrase],
  )
  const request = join(folders.stick, 'request.pem')
  const asked = await runMayfly('issuer', 'init', '--config', configuration, '--out', request)
  const keyFingerprint = String(asked.keySha256)
  const answer = join(folders.stick, 'answer')
  await runMayfly(
    ...['root', 'sign', request, '--root', rootFolder, '--out', answer],
    ...['--expect-fingerprint', keyFingerprint, '--passphrase-file', rootPassphrase],
  )
  const rootFingerprint = String(root.sha256)
  await runMayfly(
    'issuer',
    'install',
    answer,
    '--config',
    configuration,
    '--root-fingerprint',
    rootFingerprint,
  )
  return { configuration, url: `https://127.0.0.1:${port}`, rootFingerprint, keyFingerprint }
}

/** A passphrase that only this folder knows, never shown and never on a command line. */
async function writePassphrase(path: string): Promise<string> {
  await writeFile(path, `${Buffer.from(systemRandom.bytes(24)).toString('base64url')}\n`, { mode: 0o600 })
  return path
}

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { parseCertificate } from '@mayfly/ca-core'
import { nodeFileSystem } from '@mayfly/platform'
import { layQuickKeys } from '../../../../test/support/quick-keys.ts'
import { copyRoot, passphrase, type RootSetting } from './make-root.ts'
import { mayfly } from './run-mayfly.ts'

export interface IssuerSetting extends RootSetting {
  readonly folder: string
  readonly config: string
  readonly state: string
  readonly url: string
  readonly rootFingerprint: string
}

/**
 * A root, made with the options in `more`, and the configuration of an issuer with `settings` besides the least that is
 * needed; everything below `folder`.
 */
export async function layIssuer(
  folder: string,
  more: readonly string[] = [],
  settings: readonly string[] = [],
): Promise<IssuerSetting> {
  const { root, passphraseFile } = await copyRoot(folder, more)
  const port = await freePort()
  const url = `https://127.0.0.1:${port}`
  const state = join(folder, 'issuer')
  const config = join(folder, 'issuer.yaml')
  const lines = [
    `url: ${url}`,
    `listen: 127.0.0.1:${port}`,
    `state: ${state}`,
    'trustDomain: corp.example',
    `passphrase: { file: ${passphraseFile} }`,
    ...settings,
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  return {
    folder,
    config,
    state,
    url,
    root,
    passphraseFile,
    rootFingerprint: parseCertificate(await readFile(join(root, 'root.pem'), 'utf8')).fingerprint,
  }
}

/** `issuer init` here, with keys that open at once, and `root sign` there; resolves to the folder with the answer. */
export async function signIssuer(setting: IssuerSetting, name = 'answer'): ReturnType<typeof signOwnKeys> {
  await layQuickKeys(nodeFileSystem, setting.state, passphrase)
  return signOwnKeys(setting, name)
}

/** The same with keys of `issuer init`'s own, as a person has them. */
export async function signOwnKeys(
  setting: IssuerSetting,
  name = 'answer',
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { folder, config, root, passphraseFile } = setting
  const stick = join(folder, `stick-${name}`)
  await mkdir(stick)
  const made = await mayfly(['issuer', 'init', '--config', config, '--out', stick, '--json'], { env })
  if (made.exitCode !== 0) throw new Error(made.stderr)
  const { request, keySha256 } = JSON.parse(made.stdout)
  const out = join(folder, name)
  const signed = await mayfly([
    ...['root', 'sign', request, '--root', root, '--out', out, '--expect-fingerprint', keySha256],
    ...['--passphrase-file', passphraseFile],
  ])
  if (signed.exitCode !== 0) throw new Error(signed.stderr)
  return out
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { IssuerSetting } from './make-issuer.ts'
import { run } from './run-mayfly.ts'

let made = 0

/** An intermediate for the issuer's own request, signed by its true root, with extensions that Mayfly would not give. */
export async function makeIntermediateWithOpenssl(
  setting: IssuerSetting,
  extensions: readonly string[],
): Promise<string> {
  const { folder, root, state, passphraseFile } = setting
  made += 1
  const [settings, out] = [join(folder, `extensions-${made}`), join(folder, `intermediate-${made}.pem`)]
  await writeFile(settings, `${extensions.join('\n')}\n`)
  const { exitCode, stderr } = await run([
    ...[
      'openssl',
      'x509',
      '-req',
      '-in',
      join(state, 'authority', 'next', 'request.pem'),
      '-days',
      '30',
      '-out',
      out,
    ],
    ...[
      '-CA',
      join(root, 'root.pem'),
      '-CAkey',
      join(root, 'root-key.pem'),
      '-passin',
      `file:${passphraseFile}`,
    ],
    ...['-set_serial', `0x${'5a'.repeat(16)}`, '-extfile', settings],
  ])
  if (exitCode !== 0) throw new Error(stderr)
  return out
}

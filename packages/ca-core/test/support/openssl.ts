import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The text of a thousand certificates has some megabytes. */
const outputBytesMax = 67_108_864

/** Runs the machine's `openssl` with `files` written to a folder of their own, which is its working directory. */
export function openssl(
  args: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>>,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-openssl-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    const { status, stdout, stderr } = spawnSync('openssl', args, {
      cwd: folder,
      encoding: 'utf8',
      timeout: 60_000,
      maxBuffer: outputBytesMax,
    })
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stdout}${stderr}`)
    return stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** OpenSSL before 3.5 has no ML-DSA. */
export const opensslKeyTypes = ['ec-p256', 'ec-p384', 'ed25519', 'rsa-3072', 'rsa-4096'] as const

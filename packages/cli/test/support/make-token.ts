import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mayfly } from './run-mayfly.ts'

/** Makes a token for an identity, named as it is below `example`, and keeps it in a file of `folder`. */
export async function makeToken(
  folder: string,
  config: string,
  identity: string,
): Promise<{ path: string; token: string }> {
  const name = `dns:${identity}.example`
  const { stdout } = await mayfly(['token', 'create', identity, '--name', name, '--config', config])
  const path = join(folder, `${identity}.token`)
  await mkdir(folder, { recursive: true })
  await writeFile(path, stdout, { mode: 0o600 })
  return { path, token: stdout.trim() }
}

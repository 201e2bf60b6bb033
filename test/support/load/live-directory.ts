import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestLeaf } from '../test-pki.ts'

/**
 * A live directory as the agent keeps it: `live/<name>` is a link into `archive/<name>/<number>`,
 * and a new generation is one swap of that link.
 */
export interface LiveDirectory {
  /** `<root>/live/<name>` */
  readonly path: string
  readonly root: string
  /** Writes the next generation and switches to it. Overrides replace files by name. */
  install(leaf: TestLeaf, bundlePem: string, overrides?: Readonly<Record<string, string>>): Promise<string>
  remove(): Promise<void>
}

export async function createLiveDirectory(name: string): Promise<LiveDirectory> {
  const root = await mkdtemp(join(tmpdir(), 'mayfly-live-'))
  await mkdir(join(root, 'live'))
  const path = join(root, 'live', name)
  let number = 0

  async function install(
    leaf: TestLeaf,
    bundlePem: string,
    overrides: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    number += 1
    const generation = join(root, 'archive', name, String(number).padStart(4, '0'))
    await mkdir(generation, { recursive: true })
    const files = { ...generationFiles(leaf, bundlePem), ...overrides }
    for (const [file, content] of Object.entries(files)) {
      await writeFile(join(generation, file), content, { mode: file === 'key.pem' ? 0o600 : 0o644 })
    }
    await symlink(generation, `${path}.next`)
    await rename(`${path}.next`, path)
    return generation
  }

  return { path, root, install, remove: () => rm(root, { recursive: true, force: true }) }
}

function generationFiles(leaf: TestLeaf, bundlePem: string): Record<string, string> {
  return {
    'cert.pem': leaf.certificatePem,
    'chain.pem': leaf.chainPem,
    'fullchain.pem': leaf.fullchainPem,
    'key.pem': leaf.keyPem,
    'bundle.pem': bundlePem,
  }
}

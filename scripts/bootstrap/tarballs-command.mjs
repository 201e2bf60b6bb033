import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pinnedPnpm } from './npm-packages.mjs'
import { runQuietly } from './progress.mjs'

/** What a user installs: the command, and the library of services that call others. */
const packed = ['cli', 'client']

/**
 * Builds the packages and packs them into `folder` as tarballs, which npm installs wherever they are carried.
 * The one of the command has everything inside and needs no network.
 */
export async function packTarballs(root, [folder = 'tarballs'], { environment }) {
  const place = resolve(folder)
  mkdirSync(place, { recursive: true })
  for (const name of packed) {
    const cwd = join(root, 'packages', name)
    // What an earlier build left of files that are gone would be packed too.
    rmSync(join(cwd, 'dist'), { recursive: true, force: true })
    const command = ['npx', '--yes', pinnedPnpm(root), 'pack', '--pack-destination', place]
    await runQuietly(`Packing @mayfly/${name}`, command, { cwd, env: environment })
  }
  for (const file of readdirSync(place)) if (file.endsWith('.tgz')) console.log(join(place, file))
  return 0
}

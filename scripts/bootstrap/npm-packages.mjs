import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runQuietly } from './progress.mjs'

/** Installs what the lockfile says with the pinned pnpm, unless exactly that is installed already. */
export async function installNpmPackages(root) {
  const stamp = join(root, 'node_modules', '.mayfly-installed')
  const wanted = digestOfManifests(root)
  const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : ''
  if (installed === wanted && existsSync(pinnedNode(root))) return
  await runQuietly(
    'Installing the npm packages of the lockfile',
    ['npx', '--yes', pinnedPnpm(root), 'install', '--frozen-lockfile', '--reporter=append-only'],
    // Without it pnpm asks on a terminal before it replaces an old node_modules.
    // The Node that runs this has started, which the first on npm's path, the pinned one, may not yet do.
    {
      cwd: root,
      env: { ...process.env, CI: 'true', PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
    },
  )
  writeFileSync(stamp, wanted)
}

/** The Node that the lockfile pins; everything but this bootstrap runs on it. */
export function pinnedNode(root) {
  return join(root, 'node_modules', 'node', 'bin', 'node')
}

/** The pnpm that the project pins, for npx. */
export function pinnedPnpm(root) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager
}

function digestOfManifests(root) {
  const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name))
  const manifests = ['', 'test', ...packages].map((folder) => join(folder, 'package.json'))
  const digest = createHash('sha256')
  for (const path of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests]) {
    if (existsSync(join(root, path))) digest.update(path).update(readFileSync(join(root, path)))
  }
  return digest.digest('hex')
}

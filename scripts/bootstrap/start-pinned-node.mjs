import { spawnSync } from 'node:child_process'
import { installDebianPackages } from './debian-packages.mjs'
import { pinnedNode } from './npm-packages.mjs'

/**
 * Makes sure that the pinned Node starts. Its builds need libatomic, which a slim Debian lacks: installs
 * that, if it can. Throws an error that says what Node said if it still does not start.
 */
export async function startPinnedNode(root) {
  if (failureOf(root) === undefined) return
  await installDebianPackages(root, 'node')
  const failure = failureOf(root)
  if (failure !== undefined) throw new Error(`The pinned Node does not start: ${failure}`)
}

function failureOf(root) {
  const { status, stderr, error } = spawnSync(pinnedNode(root), ['--version'], { encoding: 'utf8' })
  return status === 0 ? undefined : (error?.message ?? stderr.trim())
}

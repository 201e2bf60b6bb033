import { spawnSync } from 'node:child_process'
import { howToInstall, installDebianPackages, missingPackages } from './debian-packages.mjs'
import { pinnedNode } from './npm-packages.mjs'

/**
 * Makes sure that the pinned Node starts. Its builds need libatomic, which a slim Debian lacks: installs
 * that, if it can. Throws an error that says what Node said if it still does not start, and what to install,
 * for Node and for `purpose` in one.
 */
export async function startPinnedNode(root, purpose) {
  if (failureOf(root) === undefined) return
  await installDebianPackages(root, 'node')
  const failure = failureOf(root)
  if (failure !== undefined) throw new Error(describeFailure(root, purpose, failure))
}

/** What there is to say of a Node that said `failure` instead of starting. */
export function describeFailure(root, purpose, failure) {
  const sentence = `The pinned Node does not start: ${failure}`
  if (missingPackages(root, 'node').length === 0) return sentence
  return `${sentence}\n${howToInstall(missingPackages(root, 'node', purpose))}`
}

function failureOf(root) {
  const { status, stderr, error } = spawnSync(pinnedNode(root), ['--version'], { encoding: 'utf8' })
  return status === 0 ? undefined : (error?.message ?? stderr.trim())
}

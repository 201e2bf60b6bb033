import type { FileSystem } from '@mayfly/ca-core'
import type { AuthorityFiles } from './authority-files.ts'

/**
 * What to do where the trust bundle distrusts the current intermediate: the issuer was down while it was tainted, or
 * nothing could take over.
 *
 * @param bundlePath - the bundle in question, as `mayfly issuer install` is given it
 */
export async function remedyForCurrent(
  fileSystem: FileSystem,
  { next, folder }: AuthorityFiles,
  bundlePath: string,
): Promise<string> {
  if ((await fileSystem.status(next.prepared)) !== undefined) {
    return (
      'Another one is prepared here; take it up: ' +
      `\`mayfly issuer install --intermediate ${next.prepared} --bundle ${bundlePath}\`.`
    )
  }
  return (
    'No other is prepared here. Where another issuer on the same store has one that signs, replace the folder ' +
    `${folder} by a copy of the one there. Otherwise make a new one: ${ceremony}.`
  )
}

/** What to do where it distrusts the one that waits, or that was about to be installed. */
export function remedyForNext({ next }: AuthorityFiles): string {
  return `Remove ${next.folder} and make a new one: ${ceremony}.`
}

const ceremony = '`mayfly issuer init`, `mayfly root sign`, `mayfly issuer install DIR`'

import { askIssuers } from '../ask-issuers.ts'
import { issuerUrls, type RotationContext } from '../rotation-context.ts'

/**
 * Asks for a newer trust bundle, and takes it in if a root that is held already has signed it. All issuers are asked:
 * one that stands in for another should be known to be away before it is needed.
 *
 * What issuers say of their own intermediates needs no root: it only makes a host ask sooner. How long the look holds is
 * the word of the one whose answer was taken.
 */
export async function refreshBundle({ ports, subject, state, held }: RotationContext): Promise<void> {
  const { shelf, clock, tell } = ports
  const urls = issuerUrls(subject, state)
  const answers = await Promise.allSettled(urls.map((url) => ports.issuer.bundle(url, held.bundle)))
  const maxAgeSeconds = await askIssuers(urls, async (url) => {
    const answer = answers[urls.indexOf(url)]
    if (answer?.status !== 'fulfilled') throw answer?.reason
    if (answer.value.is === 'unchanged') shelf.confirm(state.rootFingerprint, clock.now())
    else {
      const { bundle } = await shelf.accept(state.rootFingerprint, answer.value.text, clock.now())
      if (bundle.sequence > held.bundle.sequence) tell({ event: 'bundle', sequence: bundle.sequence })
    }
    return answer.value.maxAgeSeconds
  })
  const tainted = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.tainted : []))
  shelf.note(state.rootFingerprint, { tainted, maxAgeSeconds })
}

import { askIssuers } from '../ask-issuers.ts'
import { issuerUrls, type RotationContext } from '../rotation-context.ts'

/** Asks for a newer trust bundle, and takes it in if a root that is held already has signed it. */
export async function refreshBundle({ ports, subject, state, held }: RotationContext): Promise<void> {
  const { shelf, clock, tell } = ports
  await askIssuers(issuerUrls(subject, state), async (url) => {
    const answer = await ports.issuer.bundle(url, held.bundle)
    if (answer.is === 'unchanged') return shelf.confirm(state.rootFingerprint, clock.now())
    const { bundle } = await shelf.accept(state.rootFingerprint, answer.text, clock.now())
    if (bundle.sequence > held.bundle.sequence) tell({ event: 'bundle', sequence: bundle.sequence })
  })
}

import { encodePrivateKey, generateKeyPair } from '@mayfly/ca-core'
import { withKeyGivenUp } from '../../state/lineage-state.ts'
import type { RotationContext } from '../rotation-context.ts'

/**
 * Makes the next key. It is on disk before anyone is asked to certify it. One that waited is given up in the same write:
 * the issuer may have taken it already, and is told with the next request that this one replaces it.
 */
export async function makeKey(
  { ports, subject, state, save }: RotationContext,
  immediate: boolean,
): Promise<void> {
  const { keyType } = subject.settings
  const keyPair = await generateKeyPair(keyType)
  const { staged: before } = state
  await save({
    ...(before === undefined ? state : withKeyGivenUp(state, before.keyHash)),
    staged: {
      keyPem: encodePrivateKey(keyPair),
      keyHash: keyPair.publicKey.hash,
      madeAt: ports.clock.now(),
      immediate,
      refusals: 0,
    },
  })
  if (before !== undefined) {
    const because = `keyType was changed to ${keyType}; another key takes its place`
    ports.tell({ event: 'key-dropped', keyHash: before.keyHash, because })
  }
  ports.trace.step('key.made', { certificate: subject.name, keyHash: keyPair.publicKey.hash })
}

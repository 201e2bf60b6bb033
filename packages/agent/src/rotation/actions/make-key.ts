import { encodePrivateKey, generateKeyPair } from '@mayfly/ca-core'
import type { RotationContext } from '../rotation-context.ts'

/** Makes the next key. It is on disk before anyone is asked to certify it. */
export async function makeKey(
  { ports, subject, state, save }: RotationContext,
  immediate: boolean,
): Promise<void> {
  const keyPair = await generateKeyPair(subject.settings.keyType)
  await save({
    ...state,
    staged: {
      keyPem: encodePrivateKey(keyPair),
      keyHash: keyPair.publicKey.hash,
      madeAt: ports.clock.now(),
      immediate,
      refusals: 0,
    },
  })
  ports.trace.step('key.made', { certificate: subject.name, keyHash: keyPair.publicKey.hash })
}

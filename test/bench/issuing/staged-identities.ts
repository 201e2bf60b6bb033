import { generateKeyPair, type PublicKey } from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { prepareAuthority } from '../../../packages/issuer-daemon/src/authority/load-authority.ts'
import type { IssuerPorts } from '../../../packages/issuer-daemon/src/issuing/issuer-ports.ts'
import type { Change } from '../../../packages/issuer-daemon/src/store/change.ts'
import type { Store } from '../../../packages/issuer-daemon/src/store/store.ts'
import { createTestAuthority } from '../../support/test-issuer.ts'
import { benchPolicy } from '../bench-policy.ts'

const changesEach = 500

/** Identities with a key each that is due. */
export async function stage(store: Store, count: number, now: number): Promise<void> {
  for (let from = 0; from < count; from += changesEach) {
    const numbers = Array.from({ length: Math.min(changesEach, count - from) }, (_, index) => from + index)
    const keys = await Promise.all(numbers.map(async () => (await generateKeyPair('ec-p256')).publicKey))
    await commit(
      store,
      numbers.map((number) => addition(number, now)),
    )
    const identities = await Promise.all(numbers.map((number) => store.identity({ name: nameOf(number) })))
    await commit(
      store,
      identities.map((identity, index) => {
        const key = keys[index] as PublicKey
        if (identity === undefined) throw new Error('an identity is missing')
        const lineage = { number: 1, headGeneration: 1, headSince: now, newestGeneration: 1 }
        const staged = { spki: key.spki, keyHash: key.hash, parentGeneration: 1, stagedAt: now, mintAt: now }
        return {
          at: now,
          parts: [{ do: 'move-identity', next: { ...identity, lineage, lineagesBegun: 1, staged } }],
        }
      }),
    )
  }
}

function addition(number: number, now: number): Change {
  const name = nameOf(number)
  return {
    at: now,
    parts: [
      {
        do: 'add-identity',
        identity: { name, profile: 'server', names: [`dns:${name}.example`], createdAt: now },
      },
    ],
  }
}

/** How the identities of a bench are called. */
export function nameOf(number: number): string {
  return `host-${number}`
}

/** Throws where the store refuses one of them. */
export async function commit(store: Store, changes: readonly Change[]): Promise<void> {
  const refused = (await store.commit(changes)).find(({ done }) => !done)
  if (refused !== undefined) throw new Error(`the store refused: ${JSON.stringify(refused)}`)
}

/** An issuer with an authority of its own. */
export async function portsOf(store: Store): Promise<IssuerPorts> {
  const { authority, bundle } = await createTestAuthority()
  const issuing = await prepareAuthority(authority, bundle.roots[0]?.fingerprint ?? '')
  return {
    store,
    clock: systemClock,
    random: systemRandom,
    trace: { step: () => undefined },
    authority: () => issuing,
    bundle: () => ({ text: '', bundle }),
    tokenKey: await generateKeyPair('ec-p256'),
    policy: { issuerUrl: 'https://issuer.example', ...benchPolicy },
  }
}

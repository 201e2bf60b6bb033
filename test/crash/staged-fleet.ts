import { generateKeyPair, type Instant, type KeyPair, minuteMs } from '@mayfly/ca-core'
import type { Change } from '../../packages/issuer-daemon/src/store/change.ts'
import type { IdentityRecord } from '../../packages/issuer-daemon/src/store/identity-record.ts'
import type { Store } from '../../packages/issuer-daemon/src/store/store.ts'

const pageSize = 1_000

/** Identities with a lineage of their own and a key that waits for a sweep; gives back the keys' hashes. */
export async function stageFleet(store: Store, count: number, at: Instant): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `host-${String(index).padStart(5, '0')}`)
  await store.commit(names.map((name) => adding(name, at)))
  const identities = await identitiesOf(store)
  const keys = await Promise.all(identities.map(() => generateKeyPair('ec-p256')))
  await store.commit(identities.map((identity, index) => staging(identity, keys[index] as KeyPair, at)))
  return keys.map(({ publicKey }) => publicKey.hash)
}

function adding(name: string, at: Instant): Change {
  const identity = { name, profile: 'server', names: [`dns:${name}.example`], createdAt: at } as const
  return { at, parts: [{ do: 'add-identity', identity }] }
}

/** Due since a minute, as if the agent had asked for it with its first certificate. */
function staging(identity: IdentityRecord, { publicKey }: KeyPair, at: Instant): Change {
  const next: IdentityRecord = {
    ...identity,
    lineagesBegun: 1,
    lineage: { number: 1, headGeneration: 1, headSince: at, newestGeneration: 1 },
    staged: {
      spki: publicKey.spki,
      keyHash: publicKey.hash,
      parentGeneration: 1,
      stagedAt: at,
      mintAt: at - minuteMs,
    },
  }
  return { at, parts: [{ do: 'move-identity', next }] }
}

async function identitiesOf(store: Store): Promise<IdentityRecord[]> {
  const all: IdentityRecord[] = []
  for (;;) {
    const afterName = all.at(-1)?.name
    const page = await store.identities({ limit: pageSize, ...(afterName !== undefined && { afterName }) })
    all.push(...page.filter(({ name }) => name.startsWith('host-')))
    if (page.length < pageSize) return all
  }
}

import type { IssuerPorts } from './issuer-ports.ts'

type RetirePorts = Pick<IssuerPorts, 'store' | 'clock' | 'authorities' | 'trace'>

/**
 * Destroys the keys of intermediates that were replaced, once the last certificate under them has expired: from then
 * on nobody can do anything with them. Resolves to their fingerprints.
 */
export async function retireAuthorities(ports: RetirePorts): Promise<readonly string[]> {
  const { store, clock, authorities, trace } = ports
  const replaced = ((await authorities?.slots()) ?? []).filter(
    ({ slot, hasKey }) => slot === 'retired' && hasKey,
  )
  if (authorities === undefined || replaced.length === 0) return []
  const at = clock.now()
  const living = new Set(
    (await store.chains(at)).filter(({ liveLeaves }) => liveLeaves > 0).map((chain) => chain.fingerprint),
  )
  const over = replaced
    .map(({ certificate }) => certificate)
    .filter(({ fingerprint }) => !living.has(fingerprint))
  for (const { fingerprint, subject } of over) {
    await authorities.destroyKey(fingerprint)
    const record = {
      at,
      requestId: `retire-${fingerprint.slice(0, 16)}`,
      action: 'authority.retire',
      actor: { kind: 'issuer' },
      outcome: 'done',
      details: { fingerprint, subject },
    } as const
    await store.commit([{ at, parts: [{ do: 'append-audit', record }] }])
    trace.step('authority.retired', { fingerprint })
  }
  return over.map(({ fingerprint }) => fingerprint)
}

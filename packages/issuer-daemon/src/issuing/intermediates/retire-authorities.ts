import { type Certificate, isMayflyError, MayflyError } from '@mayfly/ca-core'
import type { AuditRecord } from '../../audit/audit-record.ts'
import type { IssuerPorts } from '../issuer-ports.ts'

type RetirePorts = Pick<IssuerPorts, 'store' | 'clock' | 'authorities' | 'trace'>

/**
 * Destroys the keys of intermediates that were replaced, once the last certificate under them has expired: from then
 * on nobody can do anything with them. Resolves to their fingerprints.
 *
 * The audit says that a key is about to be destroyed before it is, and afterwards that it was. A crash in between
 * leaves a mark beside the key, and the next sweep, which comes with the next start, finishes and says so. A key that
 * cannot be destroyed keeps no other from it.
 *
 * @throws MayflyError what they failed by, in one error that names them all where there are several, when the others are done
 */
export async function retireAuthorities(ports: RetirePorts): Promise<readonly string[]> {
  const { store, clock, authorities, trace } = ports
  const retired = ((await authorities?.slots()) ?? []).filter(({ slot }) => slot === 'retired')
  const interrupted = retired.filter(({ isBeingDestroyed }) => isBeingDestroyed)
  const replaced = retired.filter(({ hasKey, isBeingDestroyed }) => hasKey && !isBeingDestroyed)
  if (authorities === undefined || interrupted.length + replaced.length === 0) return []

  const destroy = async (certificate: Certificate, reason?: string): Promise<void> => {
    const { fingerprint } = certificate
    await authorities.destroyKey(fingerprint)
    trace.step('authority.key-destroyed', { fingerprint })
    await append({ ...recordOf(certificate), outcome: 'done', ...(reason !== undefined && { reason }) })
    trace.step('authority.retired', { fingerprint })
    await authorities.forgetDestroyed(fingerprint)
  }
  const append = async (record: Omit<AuditRecord, 'at'>): Promise<void> => {
    const at = clock.now()
    await store.commit([{ at, parts: [{ do: 'append-audit', record: { at, ...record } }] }])
  }

  const begin = async (certificate: Certificate): Promise<void> => {
    await append({ ...recordOf(certificate), outcome: 'begun' })
    trace.step('authority.retiring', { fingerprint: certificate.fingerprint })
    await destroy(certificate)
  }

  const over = replaced.length === 0 ? [] : await withoutLiving(replaced, ports)
  const works = [
    ...interrupted.map(({ certificate }) => ({
      certificate,
      end: () => destroy(certificate, 'interrupted'),
    })),
    ...over.map((certificate) => ({ certificate, end: () => begin(certificate) })),
  ]
  const faults: Fault[] = []
  const mistakes: unknown[] = []
  for (const { certificate, end } of works) {
    await end().catch((error: unknown) => {
      if (isMayflyError(error)) faults.push({ certificate, error })
      else mistakes.push(error)
    })
  }
  if (mistakes.length > 0) throw mistakes[0]
  const [first, ...others] = faults
  if (first !== undefined) throw others.length === 0 ? first.error : joinFaults(first, faults)
  return [...interrupted.map(({ certificate }) => certificate), ...over].map(({ fingerprint }) => fingerprint)
}

interface Fault {
  readonly certificate: Certificate
  readonly error: MayflyError
}

/** Each reason once, behind the intermediates whose keys it keeps. */
function joinFaults(first: Fault, faults: readonly Fault[]): MayflyError {
  const reasons = [...new Set(faults.map(({ error }) => error.message))]
  const sentences = reasons.map((reason) => {
    const kept = faults.filter(({ error }) => error.message === reason)
    return `${kept.map(({ certificate }) => nameOf(certificate)).join(', ')}: ${reason}`
  })
  return new MayflyError(
    first.error.code,
    `The keys of ${faults.length} intermediates that were replaced cannot be destroyed. ${sentences.join(' ')}`,
    { cause: first.error },
  )
}

/** By its subject alone one generation of an intermediate is like the other. */
function nameOf({ subject, fingerprint }: Certificate): string {
  return `${subject} (${fingerprint.slice(0, 16)}…)`
}

/** Those under which no certificate lives any more. */
async function withoutLiving(
  replaced: readonly { readonly certificate: Certificate }[],
  { store, clock }: RetirePorts,
): Promise<Certificate[]> {
  const chains = await store.chains(clock.now())
  const living = new Set(chains.filter(({ liveLeaves }) => liveLeaves > 0).map((chain) => chain.fingerprint))
  return replaced.map(({ certificate }) => certificate).filter(({ fingerprint }) => !living.has(fingerprint))
}

function recordOf({ fingerprint, subject }: Certificate) {
  return {
    requestId: `retire-${fingerprint.slice(0, 16)}`,
    action: 'authority.retire',
    actor: { kind: 'issuer' },
    details: { fingerprint, subject },
  } as const
}

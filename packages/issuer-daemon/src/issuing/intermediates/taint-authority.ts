import { type Certificate, isMayflyError, MayflyError, parseCertificateChain } from '@mayfly/ca-core'
import type { AuditAttempt } from '../../audit/audit-attempt.ts'
import type { ShelvedAuthority } from '../../authority/authority-shelf.ts'
import type { IssuerPorts } from '../issuer-ports.ts'
import type { AuthorityMoves } from './authority-moves.ts'

/** What came of tainting an intermediate. */
export interface TaintedAuthority {
  readonly fingerprint: string
  readonly subject: string
  /** The intermediate that signs from now on. */
  readonly current: string
}

/** What came of making the prepared intermediate the current one. */
export interface ActivatedAuthority {
  readonly fingerprint: string
  readonly subject: string
}

type TaintPorts = Pick<IssuerPorts, 'store' | 'clock' | 'authorities' | 'trace'>

/**
 * The key of an intermediate may be in other hands: it signs nothing any more, and what it has signed is replaced.
 *
 * That it is tainted is durable before anything moves, and every certificate asks for it in its own transaction; so a
 * crash at any point, or another issuer on the same store, can record nothing under it. The rest is done again at
 * each start and each sweep: the prepared intermediate takes over, keys that wait become due, hosts are told.
 *
 * @throws MayflyError `not-found` where no such intermediate is known and, for the current one, where no other is
 * prepared; what is wrong with that one
 */
export async function taintAuthority(
  fingerprint: string,
  attempt: AuditAttempt,
  ports: TaintPorts,
): Promise<TaintedAuthority> {
  const { store, clock, trace } = ports
  const authorities = movesOf(ports)
  const slots = await authorities.slots()
  const tainted = await findCertificate(fingerprint, slots, ports)
  const isCurrent = slotOf(slots, 'current')?.fingerprint === fingerprint
  const next = isCurrent ? await requireOther(fingerprint, authorities) : slotOf(slots, 'current')
  const at = clock.now()
  const ending = attempt.ending(at, {
    outcome: 'done',
    details: { fingerprint, subject: tainted.subject, ...(next && { current: next.fingerprint }) },
  })
  await store.commit([{ at, parts: [{ do: 'taint', fingerprint, at }, ending] }])
  attempt.concluded()
  trace.step('authority.tainted', { fingerprint })
  await authorities.heedTaints()
  authorities.sweepSoon()
  return { fingerprint, subject: tainted.subject, current: next?.fingerprint ?? '' }
}

/** The prepared intermediate signs from now on; the one before is retired when nothing lives under it any more. */
export async function activateAuthority(
  attempt: AuditAttempt,
  ports: TaintPorts,
): Promise<ActivatedAuthority> {
  const authorities = movesOf(ports)
  const { fingerprint, subject } = await authorities.checkPrepared()
  requireUntainted(fingerprint, authorities)
  attempt.learn({ details: { fingerprint, subject } })
  await authorities.activate()
  return { fingerprint, subject }
}

function movesOf({ authorities }: TaintPorts): AuthorityMoves {
  if (authorities !== undefined) return authorities
  throw new MayflyError('authority-missing', 'This issuer holds no slots of an authority.')
}

function slotOf(slots: readonly ShelvedAuthority[], slot: ShelvedAuthority['slot']): Certificate | undefined {
  return slots.find((shelved) => shelved.slot === slot)?.certificate
}

/** On this host's disk, or in the store, where other issuers have issued too. */
async function findCertificate(
  fingerprint: string,
  slots: readonly ShelvedAuthority[],
  { store, clock }: TaintPorts,
): Promise<Certificate> {
  const shelved = slots.find(({ certificate }) => certificate.fingerprint === fingerprint)
  if (shelved !== undefined) return shelved.certificate
  const chain = (await store.chains(clock.now())).find((one) => one.fingerprint === fingerprint)
  const [certificate] = chain === undefined ? [] : parseCertificateChain(chain.pem)
  if (certificate !== undefined) return certificate
  throw new MayflyError(
    'not-found',
    `No intermediate of this issuer has the SHA-256 ${fingerprint}; \`mayfly issuer status\` lists them.`,
    { details: { fingerprint } },
  )
}

/** Nothing is tainted before it is sure that something else can sign. */
async function requireOther(fingerprint: string, authorities: AuthorityMoves): Promise<Certificate> {
  try {
    const next = await authorities.checkPrepared()
    requireUntainted(next.fingerprint, authorities)
    return next
  } catch (cause) {
    if (!isMayflyError(cause)) throw cause
    throw new MayflyError(
      cause.code,
      `The intermediate ${fingerprint} was not tainted, because nothing could take its place. ${cause.message}`,
      { cause },
    )
  }
}

function requireUntainted(fingerprint: string, authorities: AuthorityMoves): void {
  if (!authorities.taints().some((taint) => taint.fingerprint === fingerprint)) return
  throw new MayflyError(
    'authority-tainted',
    `The prepared intermediate ${fingerprint} is tainted itself; remove the folder \`authority/next\` of the issuer's ` +
      'state and make another one.',
    { details: { fingerprint } },
  )
}

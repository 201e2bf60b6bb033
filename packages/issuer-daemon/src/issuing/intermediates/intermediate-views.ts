import {
  addSeconds,
  formatInstant,
  type Instant,
  leafLifetimeSecondsMax,
  parseCertificateChain,
} from '@mayfly/ca-core'
import type { ShelvedAuthority } from '../../authority/authority-shelf.ts'
import type { ChainUse, Taint } from '../../store/taint.ts'
import type { IssuerPorts } from '../issuer-ports.ts'

/** One intermediate, as the status shows it. */
export interface IntermediateView {
  /** `other`: of another issuer on the same store, or from before this state folder. */
  readonly slot: ShelvedAuthority['slot'] | 'other'
  readonly subject: string
  readonly fingerprint: string
  readonly notAfter: string
  readonly taintedAt?: string
  /** Certificates under it that have not expired; counted while one was tainted or replaced lately. */
  readonly liveLeaves?: number
  /** When the last of them ends. */
  readonly lastLeafNotAfter?: string
  /** A retired one without its key can sign nothing any more. */
  readonly hasKey: boolean
}

/** Every intermediate that this host holds, or under which something still lives. */
export async function viewIntermediates({
  store,
  clock,
  authorities,
}: Pick<IssuerPorts, 'store' | 'clock' | 'authorities'>): Promise<readonly IntermediateView[]> {
  if (authorities === undefined) return []
  const now = clock.now()
  const slots = await authorities.slots()
  const taints = await store.taints()
  const uses = isCountWorthIt(slots, taints, now) ? await store.chains(now) : []
  const useOf = (fingerprint: string) => uses.find((use) => use.fingerprint === fingerprint)
  const taintOf = (fingerprint: string) => taints.find((taint) => taint.fingerprint === fingerprint)
  const shelved = slots.map((slot) => {
    const { fingerprint } = slot.certificate
    return viewShelved(slot, useOf(fingerprint), taintOf(fingerprint))
  })
  const known = new Set(shelved.map(({ fingerprint }) => fingerprint))
  const others = uses.filter(({ fingerprint, liveLeaves }) => !known.has(fingerprint) && liveLeaves > 0)
  return [...shelved, ...others.flatMap((use) => viewOther(use, taintOf(use.fingerprint)))]
}

/** Those that this host holds, without what only the store knows. */
export async function viewHeldIntermediates({
  authorities,
}: Pick<IssuerPorts, 'authorities'>): Promise<readonly IntermediateView[]> {
  if (authorities === undefined) return []
  const taints = authorities.taints()
  return (await authorities.slots()).map((slot) =>
    viewShelved(
      slot,
      undefined,
      taints.find(({ fingerprint }) => fingerprint === slot.certificate.fingerprint),
    ),
  )
}

/** To count means to look at every certificate, and says nothing new while all are under one intermediate. */
function isCountWorthIt(slots: readonly ShelvedAuthority[], taints: readonly Taint[], now: Instant): boolean {
  const livingSince = addSeconds(now, -leafLifetimeSecondsMax)
  return (
    slots.some(({ slot, hasKey }) => slot === 'retired' && hasKey) ||
    taints.some(({ at }) => at >= livingSince)
  )
}

function viewShelved(
  { slot, certificate, hasKey }: ShelvedAuthority,
  use: ChainUse | undefined,
  taint: Taint | undefined,
): IntermediateView {
  const { subject, fingerprint, notAfter } = certificate
  return { slot, subject, fingerprint, notAfter: formatInstant(notAfter), hasKey, ...viewUse(use, taint) }
}

function viewOther(use: ChainUse, taint: Taint | undefined): IntermediateView[] {
  const [certificate] = parseCertificateChain(use.pem)
  if (certificate === undefined) return []
  const { subject, fingerprint, notAfter } = certificate
  const place = { slot: 'other', hasKey: false } as const
  return [{ ...place, subject, fingerprint, notAfter: formatInstant(notAfter), ...viewUse(use, taint) }]
}

function viewUse(use: ChainUse | undefined, taint: Taint | undefined) {
  return {
    ...(taint && { taintedAt: formatInstant(taint.at) }),
    ...(use && { liveLeaves: use.liveLeaves }),
    ...(use?.lastNotAfter !== undefined && { lastLeafNotAfter: formatInstant(use.lastNotAfter) }),
  }
}

import {
  type Certificate,
  formatInstant,
  type Instant,
  isMayflyError,
  type SignerFault,
} from '@mayfly/ca-core'
import { authorityEnd } from '../alarms/authority-end.ts'
import { counted } from '../alarms/counted.ts'
import { type KeptAlarm, type KeptAlarmKind, readKeptAlarms } from '../alarms/kept-alarms.ts'
import { type LogAlarm, logAlarms } from '../alarms/log-alarms.ts'
import { describeRefusedReload, type RefusedReload } from '../alarms/refused-reload.ts'
import { rootEnd } from '../alarms/root-end.ts'
import { taintAlarms } from '../alarms/taint-alarms.ts'
import { describeJump } from '../clock/clock-guard.ts'
import { type IdentityView, viewIdentity } from '../identities/identity-view.ts'
import type { UnfetchedCertificate } from '../store/fleet-figures.ts'
import type { StoreCounts } from '../store/store.ts'
import { clockBehindSecondsMax } from '../store/store.ts'
import type { WriteTrouble } from '../store/watch-writes.ts'
import type { LastSweep } from '../sweep/last-sweep.ts'
import { type FleetView, viewFleet } from './fleet-view.ts'
import {
  type IntermediateView,
  viewHeldIntermediates,
  viewIntermediates,
} from './intermediates/intermediate-views.ts'
import type { IssuingAuthority } from './intermediates/issuing-authority.ts'
import type { IssuerPorts } from './issuer-ports.ts'
import type { AbsentStore, StoreLook } from './store-look.ts'

/** Suspended identities that the status lists by name. */
const listedAlarmsMax = 100

/** What an operator should look into. */
export interface Alarm {
  readonly because:
    | 'lineage-conflict'
    | 'authority-missing'
    | 'authority-ending'
    | 'authority-expired'
    | 'root-ending'
    | 'authority-tainted'
    | 'clock-wrong'
    | 'sweep-stopped'
    | 'keys-failing'
    | 'store-unavailable'
    | 'hsm-unavailable'
    | LogAlarm['because']
    | 'reload-refused'
    | KeptAlarmKind
  readonly message: string
  readonly identity?: string
  /** Of an intermediate that ends: which of the warnings it is. */
  readonly withinDays?: number
  /** Of a tainted intermediate: its certificates that have not expired. */
  readonly liveLeaves?: number
}

/** A certificate authority, as the status shows it. */
export interface AuthorityView {
  readonly subject: string
  readonly fingerprint: string
  readonly notAfter: string
}

/** What only the store knows. */
export interface StoredStatus {
  readonly counts: Omit<StoreCounts, 'newestInstant'>
  /** What the agents told last. */
  readonly fleet: FleetView
  /** The certificate that has waited longest for its host; a host that has it soon signs a request with its key. */
  readonly oldestUnfetched?: Omit<UnfetchedCertificate, 'notAfter'> & { readonly notAfter: string }
  readonly storeBytes: number
}

/** What is of the store is absent while that cannot be read; an alarm says so. */
export interface IssuerStatus extends Partial<StoredStatus> {
  readonly at: string
  readonly authority?: AuthorityView
  /** Every intermediate that this host holds, or, as far as the store says, under which something still lives. */
  readonly intermediates: readonly IntermediateView[]
  /** The roots of the trust bundle that is served. */
  readonly roots: readonly AuthorityView[]
  /** 0 while there is no bundle. */
  readonly bundleSequence: number
  readonly lastSweep?: LastSweep
  readonly alarms: readonly Alarm[]
}

/** The issuer at one look. A store that cannot be read does not keep it from telling what it knows by itself. */
export async function issuerStatus(
  ports: IssuerPorts,
  { lastSweep, looks }: { readonly lastSweep: LastSweep | undefined; readonly looks: StoreLook<StoredFacts> },
): Promise<IssuerStatus> {
  const now = ports.clock.now()
  const authority = orMissing(ports.authority)
  const bundle = orMissing(ports.bundle)?.bundle
  const look = await looks.look(now, () => readStored(ports, now, bundle?.sequence ?? 0))
  // Alarms and intermediates that were there stay until the store says otherwise; figures would be taken for new ones.
  const stored = look.is === 'found' ? look.found : look.last
  const intermediates = stored?.intermediates ?? (await viewHeldIntermediates(ports))
  return {
    at: formatInstant(now),
    ...(look.is === 'found' && look.found.status),
    ...(authority && { authority: viewAuthority(authority.authority.certificate) }),
    intermediates,
    roots: (bundle?.roots ?? []).map(viewAuthority),
    bundleSequence: bundle?.sequence ?? 0,
    ...(lastSweep && { lastSweep }),
    alarms: [
      ...(look.is === 'absent' ? absenceAlarms(look.absent, ports.writeTrouble?.()) : []),
      ...(stored?.conflicts ?? []),
      ...authorityAlarms(authority, now),
      ...rootAlarms(bundle?.roots ?? [], now),
      ...taintAlarms(intermediates, bundle?.distrusted ?? []),
      ...clockAlarms(stored?.newestInstant, now),
      ...jumpAlarms(ports.clockJumpSeconds?.() ?? 0, now),
      ...(look.is === 'absent' ? [] : storeAlarms(ports.writeTrouble?.())),
      ...hsmAlarms(authority?.authority.signer.fault?.()),
      ...logAlarms(stored?.logBytes ?? 0),
      ...sweepAlarms(lastSweep),
      ...reloadAlarms(ports.refusedReload?.()),
      ...(stored?.kept ?? []).map(keptAlarm),
    ],
  }
}

/** All that a look into the store gives for the status. */
export interface StoredFacts {
  readonly status: StoredStatus
  readonly intermediates: readonly IntermediateView[]
  readonly conflicts: readonly Alarm[]
  readonly kept: readonly KeptAlarm[]
  readonly newestInstant: Instant | undefined
  readonly logBytes: number
}

async function readStored(ports: IssuerPorts, now: Instant, bundleSequence: number): Promise<StoredFacts> {
  const { store } = ports
  const { newestInstant, ...counts } = await store.counts(now)
  const suspended = await store.identities({ suspended: true, limit: listedAlarmsMax })
  const { agents, oldestUnfetched } = await store.fleet(now)
  return {
    status: {
      counts,
      fleet: viewFleet(agents, bundleSequence),
      ...(oldestUnfetched && {
        oldestUnfetched: { ...oldestUnfetched, notAfter: formatInstant(oldestUnfetched.notAfter) },
      }),
      storeBytes: await store.sizeBytes(),
    },
    intermediates: await viewIntermediates(ports),
    conflicts: conflictAlarms(suspended.map((identity) => viewIdentity(identity, now))),
    kept: await readKeptAlarms(store),
    newestInstant,
    logBytes: await store.logBytes(),
  }
}

function viewAuthority({ subject, fingerprint, notAfter }: Certificate): AuthorityView {
  return { subject, fingerprint, notAfter: formatInstant(notAfter) }
}

function conflictAlarms(identities: readonly IdentityView[]): Alarm[] {
  return identities.flatMap(({ name, suspension }) => {
    if (suspension?.because !== 'lineage-conflict') return []
    const message = `Two hosts hold the lineage of ${name}: ${suspension.addresses.join(' and ')}.`
    return [{ because: 'lineage-conflict', identity: name, message }]
  })
}

function authorityAlarms(authority: IssuingAuthority | undefined, now: Instant): Alarm[] {
  if (authority === undefined) {
    return [{ because: 'authority-missing', message: 'There is no intermediate that may sign; install one.' }]
  }
  const end = authorityEnd(authority.authority.certificate.notAfter, now)
  switch (end.is) {
    case 'far':
      return []
    case 'near':
      return [{ because: 'authority-ending', message: end.message, withinDays: end.withinDays }]
    case 'over':
      return [{ because: 'authority-expired', message: end.message }]
  }
}

function rootAlarms(roots: readonly Certificate[], now: Instant): Alarm[] {
  return roots.flatMap((root) => {
    const message = rootEnd(root, now)
    return message === undefined ? [] : [{ because: 'root-ending', message }]
  })
}

function clockAlarms(newest: Instant | undefined, now: Instant): Alarm[] {
  if (newest === undefined || newest - now <= clockBehindSecondsMax * 1_000) return []
  const message = `The clock is behind ${formatInstant(newest)}, which the store has seen; nothing is issued.`
  return [{ because: 'clock-wrong', message }]
}

function jumpAlarms(seconds: number, now: Instant): Alarm[] {
  return seconds === 0 ? [] : [{ because: 'clock-wrong', message: describeJump(seconds, now) }]
}

function storeAlarms(trouble: WriteTrouble | undefined): Alarm[] {
  if (trouble === undefined) return []
  const message =
    `Nothing is issued since ${formatInstant(trouble.since)}: ${trouble.message}. ` +
    'It goes on by itself as soon as the store can be written again.'
  return [{ because: 'store-unavailable', message }]
}

/** What cannot be read cannot be written either: one alarm for both, from the earlier of the two on. */
function absenceAlarms({ since, message }: AbsentStore, trouble: WriteTrouble | undefined): Alarm[] {
  const from = formatInstant(Math.min(since, trouble?.since ?? since))
  const told =
    `The store is away, at least since ${from}: ${message}. Nothing is issued, and what only it knows is not shown here. ` +
    'It goes on by itself as soon as the store is back.'
  return [{ because: 'store-unavailable', message: told }]
}

function hsmAlarms(fault: SignerFault | undefined): Alarm[] {
  if (fault === undefined) return []
  const message =
    `Nothing is issued since ${formatInstant(fault.since)}: ${fault.error.message} ` +
    'It goes on by itself as soon as the HSM signs again.'
  return [{ because: 'hsm-unavailable', message }]
}

function sweepAlarms(lastSweep: LastSweep | undefined): Alarm[] {
  const { stopped, waiting } = lastSweep ?? {}
  const alarms: Alarm[] = []
  if (stopped !== undefined) {
    const message = `The last sweep was stopped (${stopped.code}), and each one tries again: ${stopped.message}`
    alarms.push({ because: 'sweep-stopped', message })
  }
  if (waiting !== undefined) {
    const message =
      `${counted(waiting.keys, 'key')} did not get the certificate that was due, for a reason of the issuer's own: ` +
      `${waiting.because.join(', ')}. Every sweep tries again; its first record in the audit names the identity.`
    alarms.push({ because: 'keys-failing', message })
  }
  return alarms
}

function reloadAlarms(refused: RefusedReload | undefined): Alarm[] {
  return refused === undefined ? [] : [{ because: 'reload-refused', message: describeRefusedReload(refused) }]
}

function keptAlarm({ because, message, since }: KeptAlarm): Alarm {
  return { because, message: `${message} (Since ${since}, until it is acknowledged.)` }
}

function orMissing<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (isMayflyError(error, 'authority-missing') || isMayflyError(error, 'authority-tainted'))
      return undefined
    throw error
  }
}

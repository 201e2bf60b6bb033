import { type ErrorCode, type Instant, isMayflyError, MayflyError, type SignerFault } from '@mayfly/ca-core'
import { endingOfError } from '../audit/audit-attempt.ts'
import type { AuditRecord } from '../audit/audit-record.ts'
import type { SignedEnd, SignedHead } from '../audit/signed-head.ts'
import type { HistoryWatch } from '../backup/watch-history.ts'
import { type InTurn, oneAtATime } from '../issuing/in-turn.ts'
import { retireAuthorities } from '../issuing/intermediates/retire-authorities.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import { type MintOrder, type MintResult, mint } from '../issuing/mint.ts'
import { burnLapsedIntents } from '../issuing/recover.ts'
import type { DueIdentity } from '../store/identity-record.ts'
import type { DuePage } from '../store/store.ts'
import { hastenTainted } from './hasten-tainted.ts'
import { planSweep, type SweepDecision } from './plan-sweep.ts'
import { setAside } from './set-aside.ts'
import type { SweepReport, WaitingKeys } from './sweep-report.ts'
import { stopOf } from './sweep-stop.ts'
import type { ToldFailures } from './told-failures.ts'
import type { Upkeep } from './upkeep.ts'

export interface SweepOptions {
  /** Mints what is due up to then: the time of the next sweep. */
  readonly until: Instant
  /** Ends the sweep after the chunk in hand. */
  readonly signal?: AbortSignal
}

/** What outlives each sweep. */
export interface SweepParts {
  readonly head: Pick<SignedHead, 'sign'>
  readonly upkeep: Upkeep
  readonly history: HistoryWatch
  readonly told: ToldFailures
}

export interface SweepOutcome {
  readonly report: SweepReport
  /** The end of the history after it, to be kept with the report. */
  readonly signed?: SignedEnd
}

type MintDecision = Extract<SweepDecision, { do: 'mint' }>

/** What the chunks of one sweep share. */
interface SweepInHand {
  readonly id: string
  readonly toSign: InTurn
}

/**
 * Identities in the chunks of a sweep that go one by one, until a certificate was recorded: with a store or an
 * authority at fault no more serials are burnt than so many, and the others wait only as long as these take.
 */
const firstChunkMax = 100

/** Chunks that are at work at once: while one waits for the disk, the next is decided and signed. */
const chunksAtOnceMax = 3

/**
 * Mints what is due, chunk by chunk; requests come in between. What fails for one identity doesn't keep the
 * others from their certificates; what concerns all of them ends the sweep and is in the report.
 */
export async function runSweep(
  options: SweepOptions,
  ports: IssuerPorts,
  { head, upkeep, history, told }: SweepParts,
): Promise<SweepOutcome> {
  const { trace } = ports
  let signed: SignedEnd | undefined
  let report: SweepReport = { due: 0, minted: 0, failed: 0 }
  const sum = (chunk: SweepReport): void => {
    report = addUp(report, chunk)
  }
  trace.step('sweep.started')
  try {
    await requireWritable(ports)
    await history.compare()
    await ports.authorities?.heedTaints()
    await burnLapsedIntents(ports)
    await hastenTainted(ports, options.signal)
    requireSigner(ports)
    await sweepChunks(options, { ...ports, told }, sum)
    if (options.signal?.aborted !== true) told.swept()
    await upkeep.run()
    signed = await head.sign()
    await history.mark()
    // Last: a key that cannot be destroyed yet, such as one in an HSM that is away, keeps nothing else from being done.
    await retireAuthorities(ports)
  } catch (error) {
    if (!isMayflyError(error)) throw error
    report = { ...report, stopped: stopOf(error) }
  }
  const { waiting: _, stopped, ...figures } = report
  trace.step('sweep.finished', { ...figures, ...(stopped && { stopped: stopped.code }) })
  return { report, ...(signed && { signed }) }
}

/** After a write that failed, nothing is begun before another one came through. An empty change is written like any other. */
async function requireWritable({ store, clock, writeTrouble }: IssuerPorts): Promise<void> {
  if (writeTrouble?.() !== undefined) await store.commit([{ at: clock.now(), parts: [] }])
}

/** Nothing is claimed for a signer that is known to be away: another issuer on the same store may have one that signs. */
function requireSigner({ authority }: IssuerPorts): void {
  const fault = knownFault(authority)
  if (fault !== undefined) throw fault.error
}

/** Of an authority that is missing `mint` tells, where something is due. */
function knownFault(authority: IssuerPorts['authority']): SignerFault | undefined {
  try {
    return authority().authority.signer.fault?.()
  } catch {
    return undefined
  }
}

/** @throws what the first chunk that failed threw, when none is at work any more */
async function sweepChunks(
  { until, signal }: SweepOptions,
  ports: IssuerPorts & Pick<SweepParts, 'told'>,
  sum: (chunk: SweepReport) => void,
): Promise<void> {
  const { store, policy, clock } = ports
  const sweep: SweepInHand = { id: `sweep-${clock.now()}`, toSign: oneAtATime() }
  const atWork: Promise<void>[] = []
  let recorded = false
  const settle = (chunk: SweepReport): void => {
    recorded ||= chunk.minted > 0
    sum(chunk)
  }
  try {
    for (let after: DuePage['after']; signal?.aborted !== true; ) {
      const limit = recorded ? policy.sweepChunk : Math.min(policy.sweepChunk, firstChunkMax)
      const due = await store.claimDue({ until, limit, ...(after && { after }) })
      const last = due.at(-1)
      if (last === undefined) break
      const isLast = due.length < limit
      after = { mintAt: last.staged.mintAt, id: last.id }
      atWork.push(watched(sweepChunk(due, sweep, ports).then(settle)))
      // What falls due from here on is for the next sweep.
      if (isLast) break
      if (!recorded || atWork.length >= chunksAtOnceMax) await atWork.shift()
    }
  } finally {
    await Promise.allSettled(atWork)
  }
  await Promise.all(atWork)
}

/** The same promise, whose rejection is no surprise: somebody awaits it later. */
function watched(work: Promise<void>): Promise<void> {
  work.catch(() => undefined)
  return work
}

function addUp(sum: SweepReport, chunk: SweepReport): SweepReport {
  return {
    due: sum.due + chunk.due,
    minted: sum.minted + chunk.minted,
    failed: sum.failed + chunk.failed,
    ...addWaiting(sum, chunk),
  }
}

function addWaiting(
  { waiting: one }: SweepReport,
  { waiting: other }: SweepReport,
): Pick<SweepReport, 'waiting'> {
  const waiting = one && other ? joinWaiting(one, other) : (one ?? other)
  return waiting === undefined ? {} : { waiting }
}

function joinWaiting(one: WaitingKeys, other: WaitingKeys): WaitingKeys {
  return { keys: one.keys + other.keys, because: [...new Set([...one.because, ...other.because])] }
}

/** @throws MayflyError what concerns all identities: the store, the authority, the clock */
async function sweepChunk(
  due: readonly DueIdentity[],
  { id: sweepId, toSign }: SweepInHand,
  ports: IssuerPorts & Pick<SweepParts, 'told'>,
): Promise<SweepReport> {
  const { policy, clock } = ports
  const decisions = planSweep(due, policy, clock.now())
  const minting = decisions.filter((decision) => decision.do === 'mint')
  const results = await mint(
    minting.map((decision) => orderOf(decision, sweepId, ports)),
    ports,
    toSign,
  )
  requireClock(results)
  const at = clock.now()
  const failures = [...skipped(decisions), ...failed(minting, results)].map(({ identity, because }) => ({
    identity,
    record: { ...mintRecord(identity, sweepId, at), ...because },
  }))
  const aside = await setAside(failures, ports, at)
  return { due: due.length, minted: results.filter(({ done }) => done).length, ...aside }
}

function orderOf(decision: MintDecision, sweepId: string, { clock }: IssuerPorts): MintOrder {
  const { identity, publicKey, lineage, generation, parentGeneration, quota } = decision
  return {
    identity,
    publicKey,
    lineage,
    generation,
    parentGeneration,
    beginning: () => [],
    // The row of an identity lies anywhere in the store: to write it once and not twice is half of the pages.
    begun: { version: identity.version, newestGeneration: generation, quota },
    ending: ({ serial }) => {
      const record = {
        ...mintRecord(identity, sweepId, clock.now()),
        outcome: 'issued',
        serial,
        generation,
      } as const
      return [{ do: 'append-audit', record }]
    },
  }
}

interface Unminted {
  readonly identity: DueIdentity
  readonly because: Pick<AuditRecord, 'outcome' | 'reason'>
}

function skipped(decisions: readonly SweepDecision[]): Unminted[] {
  return decisions.flatMap((decision) =>
    decision.do === 'skip'
      ? [{ identity: decision.identity, because: { outcome: 'refused', reason: decision.because } }]
      : [],
  )
}

/** An identity that moved meanwhile is no failure: its own request saw to it, or the next sweep will. */
function failed(minting: readonly MintDecision[], results: readonly MintResult[]): Unminted[] {
  return results.flatMap((result, index) => {
    const identity = minting[index]?.identity
    if (result.done || !('error' in result) || identity === undefined) return []
    return [{ identity, because: endingOfError(result.error) }]
  })
}

function requireClock(results: readonly MintResult[]): void {
  const behind: ErrorCode = 'clock-wrong'
  if (results.some((result) => !result.done && 'refused' in result && result.refused === 'clock-behind')) {
    throw new MayflyError(behind, "The issuer's clock is behind what its store has seen.")
  }
}

function mintRecord({ name }: DueIdentity, sweepId: string, at: Instant): AuditRecord {
  return {
    at,
    requestId: sweepId,
    action: 'sweep',
    actor: { kind: 'issuer' },
    outcome: 'failed',
    identity: name,
  }
}

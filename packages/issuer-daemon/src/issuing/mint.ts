import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  drawRenewAt,
  drawSerial,
  type Instant,
  isMayflyError,
  type LeafPlan,
  type PreparedProfile,
  type PublicKey,
  parseName,
  type Signer,
} from '@mayfly/ca-core'
import type { Change, ChangePart, ChangeRefusal } from '../store/change.ts'
import type { BegunGeneration, IdentityRecord } from '../store/identity-record.ts'
import type { StoredChain } from '../store/issuance-record.ts'
import { atOnce, type InTurn } from './in-turn.ts'
import type { MintedCertificate } from './issued-answer.ts'
import type { IssuerPorts } from './issuer-ports.ts'

/** How long signing may keep the event loop from everything else. */
const loopShareMs = 5

/** One certificate to be made. */
export interface MintOrder {
  readonly identity: Pick<IdentityRecord, 'id' | 'name' | 'names' | 'profile'>
  readonly publicKey: PublicKey
  readonly lineage: number
  readonly generation: number
  /** 0 where it begins a lineage. */
  readonly parentGeneration: number
  /** What is written with the intent, and whose guards keep it from being overtaken. */
  readonly beginning: (serial: string) => readonly ChangePart[]
  /** For many at once: what moves of the identity with its certificate, where nothing did with the intent. */
  readonly begun?: BegunGeneration
  /** What is written with the certificate. */
  readonly ending: (certificate: MintedCertificate) => readonly ChangePart[]
}

export type MintResult =
  | { readonly done: true; readonly certificate: MintedCertificate }
  /** Overtaken; nothing was signed that anyone will see. */
  | { readonly done: false; readonly refused: ChangeRefusal }
  /** This one could not be made. */
  | { readonly done: false; readonly error: unknown }

type MintPorts = Pick<
  IssuerPorts,
  'store' | 'clock' | 'random' | 'trace' | 'authority' | 'authorities' | 'policy'
>

/** An order with everything about its certificate decided. */
interface Draft {
  readonly order: MintOrder
  readonly profile: PreparedProfile
  readonly leaf: LeafPlan
  readonly renewAt: Instant
  readonly chain: StoredChain
}

/** What keeps every certificate from being made, not only the one at hand. */
const concernsAll: ReadonlySet<string> = new Set([
  'authority-missing',
  'authority-expired',
  'authority-tainted',
  'hsm-unavailable',
  'clock-wrong',
])

type Step<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly result: MintResult }

/**
 * The one way to a signature: intend, sign, record. Each order stands or falls by itself.
 *
 * Intents are durable before anything is signed, certificates before anything is returned. Where a crash or an
 * error comes between, the signed certificate is gone with the memory it was in, and its serial is burnt.
 *
 * `toSign` is for who has many batches at work: two that are signed in one another's midst end late, both.
 *
 * @throws MayflyError `store-unavailable`, `authority-missing`, `authority-expired`, `authority-tainted`, `hsm-unavailable`,
 * `clock-wrong`; then no certificate is given out
 */
export async function mint(
  orders: readonly MintOrder[],
  ports: MintPorts,
  toSign: InTurn = atOnce,
): Promise<readonly MintResult[]> {
  const now = ports.clock.now()
  const drafts = orders.map((order) => tryStep(() => draft(order, ports, now)))
  const intended = await intend(drafts, ports, now)
  const signed = await toSign(() => sign(intended, ports))
  return record(signed, ports)
}

/** With a signer that is known to be away no intent is recorded: each would burn a serial. */
function requireSigner(signer: Signer): void {
  const fault = signer.fault?.()
  if (fault !== undefined) throw fault.error
}

function draft(order: MintOrder, { authority, random, policy }: MintPorts, now: Instant): Draft {
  const { profiles, chain, authority: signing } = authority()
  requireSigner(signing.signer)
  const profile = profiles[order.identity.profile]
  const { lifetimeSeconds, cycleSeconds } = policy
  const leaf = profile.plan({
    identity: { name: order.identity.name, names: order.identity.names.map(parseName) },
    publicKey: order.publicKey,
    serial: drawSerial(random, now),
    now,
    lifetimeSeconds,
  })
  const renewAt = drawRenewAt({ issuedAt: now, notAfter: leaf.notAfter, cycleSeconds, random })
  return { order, profile, leaf, renewAt, chain }
}

async function intend(
  drafts: readonly Step<Draft>[],
  { store, trace, authorities }: MintPorts,
  now: Instant,
): Promise<readonly Step<Draft>[]> {
  const steps = await commitEach(
    drafts,
    ({ order, leaf, chain }) => ({
      at: now,
      parts: [
        { do: 'require-untainted', fingerprint: chain.fingerprint },
        ...order.beginning(leaf.serial),
        {
          do: 'intend',
          intent: {
            serial: leaf.serial,
            keyHash: order.publicKey.hash,
            identityId: order.identity.id,
            lineage: order.lineage,
            generation: order.generation,
            parentGeneration: order.parentGeneration,
            intendedAt: now,
            notAfter: leaf.notAfter,
          },
        },
      ],
    }),
    store,
  )
  traceStep(trace, 'intent.recorded', steps)
  // Another issuer may have said so; whoever decides again finds the next intermediate.
  if (steps.some(isTainted)) await authorities?.heedTaints()
  return steps
}

type Signed = { readonly order: MintOrder; readonly certificate: MintedCertificate }

/**
 * Signs them all, or none where what signs cannot at all: then every serial of them is burnt, and nobody sees what was
 * signed before.
 */
async function sign(drafts: readonly Step<Draft>[], ports: MintPorts): Promise<readonly Step<Signed>[]> {
  try {
    const signed = await signInOrder(drafts, ports)
    traceStep(ports.trace, 'signed', signed)
    return signed
  } catch (error) {
    const serials = drafts.flatMap((step) => (step.ok ? [step.value.leaf.serial] : []))
    if (isOfAll(error)) await burn(serials, ports.store, ports.clock.now())
    throw error
  }
}

/** Lets the loop turn when it has kept it for long enough. */
async function signInOrder(
  drafts: readonly Step<Draft>[],
  { clock, store }: MintPorts,
): Promise<readonly Step<Signed>[]> {
  const signed: Step<Signed>[] = []
  let turnedAt = clock.monotonic()
  for (const step of drafts) {
    if (clock.monotonic() - turnedAt > loopShareMs) {
      await nextTurn()
      turnedAt = clock.monotonic()
    }
    signed.push(step.ok ? await signOne(step.value, store, clock.now()) : step)
  }
  return signed
}

async function signOne(
  { order, profile, leaf, renewAt, chain }: Draft,
  store: MintPorts['store'],
  now: Instant,
): Promise<Step<Signed>> {
  try {
    const issued = await profile.issue(leaf)
    const certificate = { ...issued, renewAt, chain, generation: order.generation }
    return { ok: true, value: { order, certificate } }
  } catch (error) {
    if (isOfAll(error)) throw error
    await burn([leaf.serial], store, now)
    return { ok: false, result: { done: false, error } }
  }
}

async function record(
  steps: readonly Step<Signed>[],
  { store, clock, trace, authorities }: MintPorts,
): Promise<MintResult[]> {
  const now = clock.now()
  const recorded = await commitEach(
    steps,
    ({ order, certificate }) => ({
      at: now,
      parts: [
        { do: 'require-untainted', fingerprint: certificate.chain.fingerprint },
        { do: 'record', certificate, at: now, ...(order.begun && { begun: order.begun }) },
        ...order.ending(certificate),
      ],
    }),
    store,
  )
  traceStep(trace, 'certificate.recorded', recorded)
  await burnVoid(steps, recorded, store, now)
  if (recorded.some(isTainted)) await authorities?.heedTaints()
  return recorded.map((step) => (step.ok ? { done: true, certificate: step.value.certificate } : step.result))
}

function isTainted(step: Step<unknown>): boolean {
  return refusalOf(step) === 'authority-tainted'
}

function refusalOf(step: Step<unknown>): ChangeRefusal | undefined {
  return !step.ok && 'refused' in step.result ? step.result.refused : undefined
}

const voiding: ReadonlySet<ChangeRefusal | undefined> = new Set([
  'authority-tainted',
  'identity-suspended',
  'identity-moved',
])

/**
 * The intermediate was tainted, or the identity suspended or in a sweep moved, between intent and record: nobody sees
 * what was signed, and the key is free.
 */
async function burnVoid(
  signed: readonly Step<Signed>[],
  recorded: readonly Step<Signed>[],
  store: MintPorts['store'],
  now: Instant,
): Promise<void> {
  const lost = signed.flatMap((step, index) => {
    const outcome = recorded[index]
    return step.ok && outcome !== undefined && voiding.has(refusalOf(outcome))
      ? [step.value.certificate.serial]
      : []
  })
  await burn(lost, store, now)
}

async function burn(serials: readonly string[], store: MintPorts['store'], now: Instant): Promise<void> {
  if (serials.length === 0) return
  await store.commit(serials.map((serial) => ({ at: now, parts: [{ do: 'burn', serial }] })))
}

/** Commits one change for each step that still stands; those that are refused fall. */
async function commitEach<Value>(
  steps: readonly Step<Value>[],
  changeOf: (value: Value) => Change,
  store: MintPorts['store'],
): Promise<readonly Step<Value>[]> {
  const changes = steps.flatMap((step) => (step.ok ? [changeOf(step.value)] : []))
  const outcomes = (await store.commit(changes)).values()
  return steps.map((step) => {
    if (!step.ok) return step
    const outcome = outcomes.next().value
    if (outcome === undefined) throw new TypeError('the store gave no outcome for a change')
    return outcome.done ? step : { ok: false, result: outcome }
  })
}

function tryStep<Value>(work: () => Value): Step<Value> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    if (isOfAll(error)) throw error
    return { ok: false, result: { done: false, error } }
  }
}

function isOfAll(error: unknown): boolean {
  return isMayflyError(error) && concernsAll.has(error.code)
}

function traceStep(trace: MintPorts['trace'], name: string, steps: readonly Step<unknown>[]): void {
  const count = steps.filter(({ ok }) => ok).length
  if (count > 0) trace.step(name, { count })
}

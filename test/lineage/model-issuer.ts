import { addSeconds, dayMs, type Instant, type PublicKey, requestLifetimeSeconds } from '@mayfly/ca-core'
import { type NextRequest, planRequest } from '../../packages/issuer-daemon/src/lineage/plan-request.ts'
import type { IdentityRecord } from '../../packages/issuer-daemon/src/store/identity-record.ts'
import type { IssuanceRecord } from '../../packages/issuer-daemon/src/store/issuance-record.ts'
import { planSweep } from '../../packages/issuer-daemon/src/sweep/plan-sweep.ts'
import { testPolicy, testReport } from '../../packages/issuer-daemon/test/support/issuer-kit.ts'

/** A signed request on its way. */
export interface Message {
  readonly nonce: string
  /** Hash of the key that signed. */
  readonly by: string
  readonly key: PublicKey
  readonly replaces: readonly string[]
  readonly immediate: boolean
  readonly issuedAt: Instant
  readonly address: string
}

/** A certificate is known by the hash of its key: no key has two. */
export interface Minted {
  readonly keyHash: string
  readonly issuedAt: Instant
  readonly notAfter: Instant
  readonly renewAt: Instant
}

export type ModelAnswer =
  | { readonly is: 'issued'; readonly minted: Minted }
  | { readonly is: 'scheduled'; readonly mintAt: Instant }
  | { readonly is: 'refused'; readonly because: string }

interface Books {
  readonly identity: IdentityRecord
  readonly log: ReadonlyMap<string, IssuanceRecord>
  readonly minted: ReadonlyMap<string, Minted>
  readonly nonces: ReadonlySet<string>
}

/**
 * The issuer's real decisions (`planRequest`, `planSweep`) on books kept in memory. Every change is all or nothing, as
 * the store's transactions are.
 */
export class ModelIssuer {
  #books: Books
  #backup: Books
  /** The next signature dies with the process: its intent is burnt. */
  diesAtSigning = false

  constructor(firstKeyHash: string, now: Instant) {
    const identity: IdentityRecord = {
      id: 1,
      version: 1,
      name: 'web-1',
      profile: 'server',
      names: ['dns:web-1.example'],
      createdAt: now,
      lineagesBegun: 1,
      lineage: { number: 1, headGeneration: 1, headSince: now, newestGeneration: 1 },
      quota: { day: 0, count: 0 },
    }
    const empty: Books = { identity, log: new Map(), minted: new Map(), nonces: new Set() }
    this.#books = withMinted(empty, { keyHash: firstKeyHash, generation: 1, parentGeneration: 0 }, now)
    this.#backup = this.#books
  }

  get identity(): IdentityRecord {
    return this.#books.identity
  }

  backUp(): void {
    this.#backup = this.#books
  }

  /** An older backup takes the place of the books. */
  restore(): void {
    this.#books = this.#backup
  }

  minted(keyHash: string): Minted | undefined {
    return this.#books.minted.get(keyHash)
  }

  submit(message: Message, now: Instant): ModelAnswer {
    const { identity, log, minted, nonces } = this.#books
    const signer = log.get(message.by)
    const held = minted.get(message.by)
    if (signer === undefined || held === undefined) return refused('lineage-unknown')
    if (Math.abs(now - message.issuedAt) > requestLifetimeSeconds * 1_000) return refused('request-stale')
    if (nonces.has(message.nonce)) return refused('request-replayed')
    const { key } = message
    const sameKey = log.get(key.hash)
    const request: NextRequest = {
      key: { spki: key.spki, keyHash: key.hash, keyType: 'ec-p256', names: [] },
      replaces: message.replaces,
      issuedAt: Math.floor(message.issuedAt / 1_000) * 1_000,
      address: message.address,
      immediate: message.immediate,
      report: testReport,
    }
    const state = { identity, signer: { ...signer, ...held }, policy, ...(sameKey && { sameKey }) }
    const plan = planRequest(state, request, now)
    const used = { ...this.#books, nonces: new Set([...nonces, message.nonce]) }
    switch (plan.do) {
      case 'refuse':
        return refused(plan.code)
      case 'wait':
        return refused('overloaded')
      case 'suspend':
        this.#books = { ...used, identity: plan.next }
        return refused('lineage-conflict')
      case 'stage':
        this.#books = { ...used, identity: plan.next }
        return { is: 'scheduled', mintAt: plan.mintAt }
      case 'answer-again':
        this.#books = used
        return this.#issued(key.hash)
      case 'mint': {
        this.#books = { ...used, identity: plan.next }
        if (!this.#mint({ ...plan, keyHash: key.hash }, now)) return refused('transport-failed')
        return this.#issued(key.hash)
      }
    }
  }

  sweep(now: Instant): void {
    const { identity } = this.#books
    const { staged, suspension, lineage } = identity
    if (staged === undefined || staged.mintAt > now) return
    const due = { ...identity, staged, isSuspended: suspension !== undefined }
    for (const decision of planSweep([due], policy, now)) {
      if (decision.do === 'skip' || lineage === undefined) continue
      const { generation, quota } = decision
      const begun = { ...identity, lineage: { ...lineage, newestGeneration: generation }, quota }
      // The identity moves with the record, or not at all.
      const before = this.#books
      this.#books = { ...before, identity: begun }
      if (!this.#mint({ ...decision, keyHash: decision.publicKey.hash }, now)) this.#books = before
    }
  }

  #mint(place: Place, now: Instant): boolean {
    const dies = this.diesAtSigning
    this.diesAtSigning = false
    if (!dies) this.#books = withMinted(this.#books, place, now)
    return !dies
  }

  #issued(keyHash: string): ModelAnswer {
    const minted = this.#books.minted.get(keyHash)
    return minted === undefined ? refused('key-reused') : { is: 'issued', minted }
  }
}

const policy = { ...testPolicy, dailyQuota: Number.MAX_SAFE_INTEGER }

interface Place {
  readonly keyHash: string
  readonly generation: number
  readonly parentGeneration: number
}

function refused(because: string): ModelAnswer {
  return { is: 'refused', because }
}

function withMinted(books: Books, { keyHash, generation, parentGeneration }: Place, now: Instant): Books {
  const notAfter = now + dayMs
  const record: IssuanceRecord = {
    serial: keyHash.slice(0, 32),
    keyHash,
    identityId: 1,
    lineage: 1,
    generation,
    parentGeneration,
    state: 'recorded',
    intendedAt: now,
    notAfter,
  }
  // No jitter: the latest that any issuer renews.
  const minted = { keyHash, issuedAt: now, notAfter, renewAt: addSeconds(now, testPolicy.cycleSeconds) }
  const { staged, ...unstaged } = books.identity
  return {
    ...books,
    identity: staged?.keyHash === keyHash ? unstaged : books.identity,
    log: new Map([...books.log, [keyHash, record]]),
    minted: new Map([...books.minted, [keyHash, minted]]),
  }
}

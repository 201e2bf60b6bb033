import { type Instant, minuteMs, type PublicKey } from '@mayfly/ca-core'
import type { Credential } from '../../packages/agent/src/state/credential.ts'
import {
  beginLineage,
  type LineageState,
  withCandidateAsHead,
  withKeyGivenUp,
  withKeyRefused,
} from '../../packages/agent/src/state/lineage-state.ts'
import type { Message, Minted, ModelAnswer, ModelIssuer } from './model-issuer.ts'

/** How long the agent only looks after the promised time, before it asks again. */
const graceMs = 10 * minuteMs
/** Certificates for one key that are refused before the key is given up. */
const refusalsMax = 3

/** Keys for tests, each handed out once. */
export interface KeyPool {
  take(): PublicKey
  of(hash: string): PublicKey
}

/**
 * A host's journal with its real changes (`withKeyGivenUp`, `withKeyRefused`, `withCandidateAsHead`), and what the actions of a rotation do
 * to it. Each change is durable or has not happened; a process that dies loses the answer that it waited for.
 */
export class ModelHost {
  state: LineageState
  readonly address: string
  readonly #keys: KeyPool
  #sent = 0
  /** The request whose answer is waited for. */
  waitsFor: string | undefined

  constructor(state: LineageState, address: string, keys: KeyPool) {
    this.state = state
    this.address = address
    this.#keys = keys
  }

  static enrolled(first: Minted, address: string, keys: KeyPool): ModelHost {
    const owner = {
      certificate: 'web',
      identity: 'web-1',
      profile: 'server',
      names: [],
      issuerUrls: ['https://issuer.example'],
      rootFingerprint: '',
      enrolledAt: first.issuedAt,
    } as const
    return new ModelHost(beginLineage(owner, credentialOf(first)), address, keys)
  }

  /** Another machine with the same disk. */
  copy(address: string): ModelHost {
    return new ModelHost(this.state, address, this.#keys)
  }

  makeKey(now: Instant): void {
    if (this.state.staged !== undefined || this.state.candidate !== undefined) return
    const { hash } = this.#keys.take()
    this.state = {
      ...this.state,
      staged: { keyPem: hash, keyHash: hash, madeAt: now, immediate: false, refusals: 0 },
    }
  }

  /** A person wants the certificate now. */
  hurry(): void {
    const { staged } = this.state
    if (staged === undefined) return
    const { promise: _, ...rest } = staged
    this.state = { ...this.state, staged: { ...rest, immediate: true } }
  }

  compose(now: Instant): Message | undefined {
    const { staged, candidate, head, givenUp } = this.state
    if (staged === undefined || candidate !== undefined) return undefined
    const nonce = `${this.address} ${this.#sent++}`
    this.waitsFor = nonce
    return {
      nonce,
      by: head.keyPem,
      key: this.#keys.of(staged.keyHash),
      replaces: givenUp ?? [],
      immediate: staged.immediate,
      issuedAt: now,
      address: this.address,
    }
  }

  /** Takes an answer, if it is still waited for. */
  take(nonce: string, answer: ModelAnswer, now: Instant): void {
    if (this.waitsFor !== nonce) return
    this.waitsFor = undefined
    if (answer.is === 'issued') this.takeCertificate(answer.minted, now)
    if (answer.is === 'scheduled') this.#takePromise(answer.mintAt, now)
    if (answer.is === 'refused' && answer.because === 'key-reused') this.#dropRefused()
  }

  takeCertificate(minted: Minted, now: Instant): void {
    const { staged, ...rest } = this.state
    if (staged?.keyHash !== minted.keyHash) return
    // It lived while the host was away.
    if (minted.notAfter <= now) this.giveUp()
    else this.state = { ...rest, candidate: credentialOf(minted) }
  }

  /** An answer for which the certificate was wrong. */
  takeWrong(nonce: string): void {
    const { staged } = this.state
    if (this.waitsFor !== nonce || staged === undefined) return
    this.waitsFor = undefined
    const refusals = staged.refusals + 1
    if (refusals >= refusalsMax) this.giveUp()
    else this.state = { ...this.state, staged: { ...staged, refusals } }
  }

  /** Gives up the staged key, or the candidate whose proof failed. */
  giveUp(): void {
    this.waitsFor = undefined
    const keyHash = this.state.staged?.keyHash ?? this.state.candidate?.keyPem
    if (keyHash !== undefined) this.state = withKeyGivenUp(this.state, keyHash)
  }

  #dropRefused(): void {
    const { staged } = this.state
    if (staged !== undefined) this.state = withKeyRefused(this.state, staged.keyHash)
  }

  /** The candidate is seen on the live ports. */
  serve(): void {
    if (this.state.candidate !== undefined) this.state = withCandidateAsHead(this.state)
  }

  crash(): void {
    this.waitsFor = undefined
  }

  #takePromise(mintAt: Instant, now: Instant): void {
    const { staged } = this.state
    if (staged === undefined) return
    const fetchAt = Math.max(mintAt, now)
    const promise = { at: now, mintAt, fetchAt, askAgainAt: fetchAt + graceMs }
    this.state = { ...this.state, staged: { ...staged, promise } }
  }
}

/** Everything that is due now, with a network that works. */
export function rotateCalmly(host: ModelHost, issuer: ModelIssuer, now: Instant): void {
  // A key, its request, its certificate, and the next key with its request.
  for (let turn = 0; turn < 8; turn++) {
    const { staged, candidate } = host.state
    if (candidate !== undefined) host.serve()
    else if (staged === undefined) host.makeKey(now)
    else if (!askOrFetch(host, issuer, now)) return
  }
}

/** Whether there was something to do, and it went well. */
function askOrFetch(host: ModelHost, issuer: ModelIssuer, now: Instant): boolean {
  const { staged } = host.state
  const isOverdue = staged?.promise !== undefined && now >= staged.promise.askAgainAt
  if (isOverdue) host.hurry()
  if (isOverdue || staged?.promise === undefined) {
    const message = host.compose(now)
    if (message === undefined) return false
    const answer = issuer.submit(message, now)
    host.take(message.nonce, answer, now)
    return answer.is !== 'refused'
  }
  const minted = now >= staged.promise.fetchAt ? issuer.minted(staged.keyHash) : undefined
  if (minted !== undefined) host.takeCertificate(minted, now)
  return minted !== undefined
}

function credentialOf({ keyHash, issuedAt, notAfter }: Minted): Credential {
  return { serial: keyHash.slice(0, 32), chainPem: '', keyPem: keyHash, notBefore: issuedAt, notAfter }
}

import { type Clock, MayflyError, minuteMs, secondMs, type TrustBundle } from '@mayfly/ca-core'
import type { Transport, WireRequest, WireResponse } from '../../../packages/agent/src/transport/transport.ts'
import type { Dice } from '../dice.ts'
import type { Story } from '../stories/story.ts'
import type { Owner, Suspension, Timeline } from '../stories/timeline.ts'
import type { IssuerSite } from './issuer-site.ts'

/** The agent's own patience, as in its real transport. */
const connectTimeoutMs = 10 * secondMs
const exchangeTimeoutMs = 30 * secondMs
const latencyMs = { from: 1, to: 400 }
/** A late message comes when its sender has given up; some so late that they are stale. */
const lateMs = { from: exchangeTimeoutMs, to: 20 * minuteMs }
const echoMs = { from: 1, to: 3 * minuteMs }

/** What befalls a share of the messages. */
export interface Weather {
  readonly lost: number
  readonly answerLost: number
  readonly doubled: number
  readonly late: number
}

export const goodWeather: Weather = { lost: 0.003, answerLost: 0.003, doubled: 0.02, late: 0.003 }
export const badWeather: Weather = { lost: 0.15, answerLost: 0.15, doubled: 0.2, late: 0.1 }
export const calmWeather: Weather = { lost: 0, answerLost: 0, doubled: 0, late: 0 }

export interface NetworkOptions {
  readonly timeline: Timeline
  readonly story: Story
  readonly site: IssuerSite
  readonly dice: Dice
  readonly address: string
  readonly owner: Owner
  readonly clock: Clock
  readonly weather: () => Weather
  readonly condition: () => NetworkCondition
  /** A message did not get through, for whatever reason. */
  readonly onFailure: () => void
}

export type NetworkCondition = 'open' | 'cut' | 'issuer-away' | 'garbled'

/** One host's way to the issuer. */
export function openVirtualNetwork(options: NetworkOptions): Transport {
  return {
    exchange: (request, trust) => new Exchange(options, request, trust).run(),
    getUnverified: (url, bodyBytesMax) =>
      new Exchange(options, { method: 'GET', url, headers: {}, bodyBytesMax }, undefined).run(),
  }
}

class Exchange {
  readonly #options: NetworkOptions
  readonly #request: WireRequest
  readonly #trust: TrustBundle | undefined
  readonly #fate: { lost: boolean; answerLost: boolean; doubled: boolean; late: boolean }

  constructor(options: NetworkOptions, request: WireRequest, trust: TrustBundle | undefined) {
    const { dice } = options
    const { lost, answerLost, doubled, late } = options.weather()
    this.#options = options
    this.#request = request
    this.#trust = trust
    this.#fate = {
      lost: dice.chance(lost),
      answerLost: dice.chance(answerLost),
      doubled: dice.chance(doubled),
      late: dice.chance(late),
    }
  }

  async run(): Promise<WireResponse> {
    const { timeline, owner } = this.#options
    if (!owner.alive) return timeline.never()
    const answer = await timeline.suspend<WireResponse>(owner, (waiting) => this.#send(waiting))
    if (answer.body.length <= this.#request.bodyBytesMax) return answer
    throw new MayflyError('answer-invalid', 'the answer is too long')
  }

  #send(waiting: Suspension<WireResponse>): void {
    const { timeline } = this.#options
    const obstacle = this.#obstacle()
    if (obstacle === undefined) this.#transmit(waiting)
    else this.#fail(waiting, obstacle.what, timeline.now + obstacle.noticedMs)
  }

  /** Why there is no connection at all, and how soon that is noticed. */
  #obstacle(): { what: string; noticedMs: number } | undefined {
    const { condition, site, clock } = this.#options
    const state = condition()
    if (state === 'cut') return { what: 'host unreachable', noticedMs: connectTimeoutMs }
    if (state === 'issuer-away' || !site.isUp) return { what: 'issuer unreachable', noticedMs: 5 }
    if (this.#trust === undefined || site.isTrusted(this.#trust, clock.now())) return undefined
    return { what: 'TLS refused', noticedMs: 20 }
  }

  #transmit(waiting: Suspension<WireResponse>): void {
    const { timeline, dice, story } = this.#options
    const { lost, late, doubled } = this.#fate
    this.#fail(waiting, undefined, timeline.now + exchangeTimeoutMs)
    if (lost) {
      this.#options.onFailure()
      story.saw('message lost')
      return
    }
    if (late) {
      this.#options.onFailure()
      story.saw('message late')
    }
    const { from, to } = late ? lateMs : latencyMs
    const arrival = timeline.now + dice.spread(from, to)
    this.#deliver(arrival, waiting)
    if (!doubled) return
    story.saw('message doubled')
    this.#deliver(arrival + dice.spread(echoMs.from, echoMs.to), undefined)
  }

  #deliver(at: number, waiting: Suspension<WireResponse> | undefined): void {
    this.#options.timeline.schedule(at, () => this.#arrive(waiting))
  }

  async #arrive(waiting: Suspension<WireResponse> | undefined): Promise<void> {
    const { timeline, site, address, condition } = this.#options
    const isAway = condition() === 'issuer-away' || condition() === 'cut'
    const answer = isAway ? undefined : await site.answer(this.#request, address)
    if (waiting === undefined) return
    if (answer === undefined) this.#fail(waiting, 'connection reset', timeline.now + 5)
    else this.#return(waiting, answer)
  }

  #return(waiting: Suspension<WireResponse>, answer: WireResponse): void {
    const { timeline, dice, condition, story, onFailure } = this.#options
    if (this.#fate.answerLost) {
      onFailure()
      story.saw('answer lost')
      return
    }
    const at = timeline.now + dice.spread(latencyMs.from, latencyMs.to)
    if (condition() !== 'garbled') {
      waiting.resume(answer, at)
      return
    }
    story.saw('answer garbled')
    onFailure()
    const half = { ...answer, body: answer.body.subarray(0, answer.body.length >> 1) }
    const badGateway = { status: 502, headers: { 'content-type': 'text/html' }, body: new Uint8Array(9) }
    waiting.resume(dice.chance(0.5) ? half : badGateway, at)
  }

  #fail(waiting: Suspension<WireResponse>, what: string | undefined, at: number): void {
    const { story, onFailure } = this.#options
    if (what !== undefined) {
      story.saw(what)
      onFailure()
    }
    const { url } = this.#request
    waiting.fail(() => new MayflyError('transport-failed', `${url}: ${what ?? 'no answer in time'}`), at)
  }
}

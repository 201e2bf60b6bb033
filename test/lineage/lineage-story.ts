import assert from 'node:assert/strict'
import { hourMs, type Instant, minuteMs, type PublicKey, secondMs } from '@mayfly/ca-core'
import fc from 'fast-check'
import { type KeyPool, ModelHost } from './model-host.ts'
import { type Message, ModelIssuer } from './model-issuer.ts'

const start: Instant = Date.UTC(2026, 0, 15, 12)

/** What can happen in one moment of a host's life. Numbers choose a message among those on their way. */
export const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('act' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      which: fc.nat(5),
      // What becomes of the answer, and whether the message comes once more.
      answer: fc.constantFrom('comes' as const, 'lost' as const, 'wrong' as const),
      again: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), which: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('give-up' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hurry' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('issuer-dies' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(
        fc.integer({ min: secondMs, max: 10 * minuteMs }),
        fc.integer({ min: minuteMs, max: 13 * hourMs }),
        fc.integer({ min: 20 * hourMs, max: 80 * hourMs }),
      ),
    }),
  },
)
export type Happening = typeof restoring extends fc.Arbitrary<infer One> ? One : never
/** The same, and an issuer whose books are lost. */
export const restoring = fc.oneof(
  { weight: 12, arbitrary: happening },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('back-up' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const) }) },
)

/** One host, its issuer, and what is on its way between them. */
export class Story {
  readonly keys: KeyPool
  readonly issuer: ModelIssuer
  readonly host: ModelHost
  readonly onTheWay: Message[] = []
  now = start

  constructor(pool: readonly PublicKey[]) {
    let taken = 0
    this.keys = {
      take: () => {
        const key = pool[taken++]
        if (key === undefined) throw new Error('more keys are needed')
        return key
      },
      of: (hash) => pool.find((key) => key.hash === hash) as PublicKey,
    }
    const { hash } = this.keys.take()
    this.issuer = new ModelIssuer(hash, start)
    const first = this.issuer.minted(hash)
    assert.ok(first)
    this.host = ModelHost.enrolled(first, '192.0.2.1', this.keys)
  }

  happen(next: Happening): void {
    const { issuer, onTheWay } = this
    // Nothing takes no time at all: times on the wire have whole seconds.
    this.pass(secondMs)
    switch (next.do) {
      case 'deliver':
        this.#deliver(next)
        break
      case 'lose':
        onTheWay.splice(next.which % Math.max(onTheWay.length, 1), 1)
        break
      case 'wait':
        this.pass(next.ms)
        break
      case 'issuer-dies':
        issuer.diesAtSigning = true
        break
      default:
        this.#simple[next.do]()
        break
    }
  }

  readonly #simple = {
    act: () => this.act(),
    send: () => this.send(),
    'give-up': () => this.host.giveUp(),
    crash: () => this.host.crash(),
    hurry: () => this.host.hurry(),
    'back-up': () => this.issuer.backUp(),
    restore: () => this.issuer.restore(),
  }

  #deliver({ which, answer, again }: Extract<Happening, { do: 'deliver' }>): void {
    const { host, issuer, onTheWay, now } = this
    const message = onTheWay[which % Math.max(onTheWay.length, 1)]
    if (message === undefined) return
    if (!again) onTheWay.splice(onTheWay.indexOf(message), 1)
    const answered = issuer.submit(message, now)
    if (answer === 'comes') host.take(message.nonce, answered, now)
    if (answer === 'wrong') host.takeWrong(message.nonce)
  }

  /** The next thing that the host would do, but for sending. */
  act(): void {
    const { host, issuer, now } = this
    const { staged, candidate } = host.state
    const minted = staged === undefined ? undefined : issuer.minted(staged.keyHash)
    if (candidate !== undefined) host.serve()
    else if (staged === undefined) host.makeKey(now)
    else if (minted !== undefined) host.takeCertificate(minted, now)
  }

  send(): void {
    const message = this.host.compose(this.now)
    if (message !== undefined) this.onTheWay.push(message)
  }

  pass(milliseconds: number): void {
    this.now += milliseconds
    this.issuer.sweep(this.now)
  }

  get isSuspended(): boolean {
    return this.issuer.identity.suspension !== undefined
  }
}

import { EventEmitter, once } from 'node:events'
import type { Clock } from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { createTestPki, type TestPki } from '../../../../test/support/test-pki.ts'
import type { AnsweredRequest } from '../../src/api/answered-request.ts'
import type { Core } from '../../src/api/arrival.ts'
import { createCore } from '../../src/api/core/request-path.ts'
import type { CorePorts } from '../../src/api/core/request-path-ports.ts'
import type { Front, FrontLimits, OpenFront } from '../../src/api/front/front.ts'
import { serverTimeouts } from '../../src/api/front/https-server.ts'
import { faceOf, type Route } from '../../src/api/route.ts'
import type { AttemptEnding, AttemptOpening, AuditAttempt } from '../../src/audit/audit-attempt.ts'
import { type Answered, ask, type Sent } from './https-caller.ts'

const much = { perMinute: 60_000, burst: 10_000 }

/** Limits that no test meets by chance. */
export const wideLimits: FrontLimits = {
  address: much,
  identity: much,
  enrolmentFailures: much,
  unproven: much,
  unprovenInAll: much,
  newcomers: much,
  delegate: much,
  relays: [],
  connections: 1_000,
  connectionsPerAddress: 1_000,
}

/** A front with a real core behind it, whose routes are a test's. */
export interface FrontKit {
  readonly front: Front
  readonly pki: TestPki
  readonly audited: readonly (AttemptOpening & AttemptEnding)[]
  readonly answered: readonly AnsweredRequest[]
  /** Emits `answered`, and `ended` for each request that the core had. */
  readonly events: EventEmitter
  /** Requests that the core has, and of which it was not told how they ended. */
  open(): number
  ask(sent: Sent): Promise<Answered>
  /** Resolves when so many answers were told of. */
  toldOf(answers: number): Promise<void>
}

export interface FrontKitOptions {
  readonly routes: readonly Route[]
  readonly limits?: Partial<FrontLimits>
  readonly authenticate?: CorePorts['authenticate']
  readonly listen?: { readonly host: string; readonly port: number }
  /** Of the thread of the core; the front's own has the machine's. */
  readonly clock?: Clock
}

export async function startFrontKit(open: OpenFront, options: FrontKitOptions): Promise<FrontKit> {
  const pki = await createTestPki()
  const leaf = await pki.issue({ names: ['localhost', 'ip:127.0.0.1'] })
  const audited: (AttemptOpening & AttemptEnding)[] = []
  const answered: AnsweredRequest[] = []
  const events = new EventEmitter()
  const core = createCore(options.routes, {
    limits: () => undefined,
    authenticate: options.authenticate ?? (async () => ({ kind: 'anonymous' })),
    openAudit: (opening) => attemptThatRemembers(opening, audited),
    answered(answer) {
      answered.push(answer)
      events.emit('answered')
    },
  })
  const counted = counting(core, events)
  const front = await open(
    {
      faces: options.routes.map(faceOf),
      listen: options.listen ?? { host: '127.0.0.1', port: 0 },
      timeouts: serverTimeouts,
      limits: { ...wideLimits, ...options.limits },
      material: { keyPem: leaf.keyPem, chainPem: leaf.fullchainPem },
    },
    { clock: options.clock ?? systemClock, random: systemRandom, core: counted.core },
  )
  return {
    front,
    pki,
    audited,
    answered,
    events,
    open: counted.open,
    ask: (sent) => ask(front.port, pki.bundlePem, sent),
    async toldOf(answers) {
      while (answered.length < answers) await once(events, 'answered')
    },
  }
}

function counting(core: Core, events: EventEmitter): { readonly core: Core; open(): number } {
  let open = 0
  const take: Core['take'] = (arrival) => {
    open += 1
    const taken = core.take(arrival)
    return {
      told: taken.told,
      ended(sent) {
        open -= 1
        taken.ended(sent)
        events.emit('ended', sent)
      },
    }
  }
  return { core: { take, answered: (answer) => core.answered(answer) }, open: () => open }
}

function attemptThatRemembers(
  opening: AttemptOpening,
  audited: (AttemptOpening & AttemptEnding)[],
): AuditAttempt {
  let findings = {}
  const unused = (): never => {
    throw new TypeError('no use case here writes anything')
  }
  return {
    ...opening,
    isConcluded: false,
    learn(more) {
      findings = { ...findings, ...more }
    },
    beginning: unused,
    ending: unused,
    concluded: unused,
    close: async (ending) => void audited.push({ ...opening, ...findings, ...ending }),
  }
}

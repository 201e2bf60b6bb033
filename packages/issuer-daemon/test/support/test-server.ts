import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Clock } from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { createTestPki, type TestPki } from '../../../../test/support/test-pki.ts'
import type { AnsweredRequest } from '../../src/api/answered-request.ts'
import { createCore } from '../../src/api/core/request-path.ts'
import type { CorePorts, FrontPorts } from '../../src/api/core/request-path-ports.ts'
import { createHttpsServer, type ServerTimeouts, serverTimeouts } from '../../src/api/front/https-server.ts'
import { createJsonServer } from '../../src/api/front/json-server.ts'
import { type Listening, listenAt } from '../../src/api/front/listening.ts'
import type { ConnectionLimits } from '../../src/api/limits/connection-limits.ts'
import type { RateLimits } from '../../src/api/limits/rate-limits.ts'
import { faceOf, type Route } from '../../src/api/route.ts'
import type { AttemptEnding, AttemptOpening, AuditAttempt } from '../../src/audit/audit-attempt.ts'

/** A record of the audit as a test sees it. */
export type Audited = AttemptOpening & AttemptEnding

export interface TestServer {
  readonly port: number
  readonly pki: TestPki
  readonly audited: readonly Audited[]
  readonly answered: readonly AnsweredRequest[]
  /** Emits `answered`. */
  readonly events: EventEmitter
  readonly listening: Listening
  inProgress(): number
  stop(): void
  close(): Promise<void>
}

/** Those of the front and of the core together. */
export interface TestPorts extends Omit<FrontPorts, 'core' | 'limits'>, Omit<CorePorts, 'limits'> {
  limits(): RateLimits | undefined
}

export interface TestServerOptions {
  readonly routes: readonly Route[]
  readonly ports?: Partial<TestPorts>
  readonly timeouts?: Partial<ServerTimeouts>
  readonly clock?: Clock
  readonly connectionsMax?: number
  readonly connectionLimits?: ConnectionLimits
}

/** A real HTTPS server with the real request path, and an audit that only remembers. */
export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const pki = await createTestPki()
  const leaf = await pki.issue({ names: ['localhost', 'ip:127.0.0.1'] })
  const audited: Audited[] = []
  const answered: AnsweredRequest[] = []
  const events = new EventEmitter()
  let stopping = false
  const ports: TestPorts = {
    clock: options.clock ?? systemClock,
    random: systemRandom,
    limits: () => undefined,
    inFlightMax: 100,
    authenticate: async () => ({ kind: 'anonymous' }),
    openAudit: (opening) => rememberingAttempt(opening, audited),
    answered(answer) {
      answered.push(answer)
      events.emit('answered', answer)
    },
    stopping: () => stopping,
    ...options.ports,
  }
  const core = createCore(options.routes, ports)
  const faces = options.routes.map(faceOf)
  const { app, server, inProgress } = await createJsonServer(faces, { ...ports, core }, (listener) =>
    createHttpsServer(
      {
        material: { keyPem: leaf.keyPem, chainPem: leaf.fullchainPem },
        connectionsMax: options.connectionsMax ?? 100,
        ...(options.connectionLimits && { connectionLimits: options.connectionLimits }),
        timeouts: { ...serverTimeouts, ...options.timeouts },
      },
      listener,
    ),
  )
  const listening = await listenAt(server, { host: '127.0.0.1', port: 0 })
  return {
    port: listening.port,
    pki,
    audited,
    answered,
    events,
    listening,
    inProgress,
    stop: () => {
      stopping = true
    },
    async close() {
      await listening.close({ clock: systemClock, inProgress, timeoutMs: 1_000 })
      await app.close()
    },
  }
}

/** Starts a server, uses it, and ends it whatever happened. */
export async function withServer(
  options: TestServerOptions,
  use: (server: TestServer) => Promise<void>,
): Promise<void> {
  const server = await startTestServer(options)
  try {
    await use(server)
  } finally {
    await server.close()
  }
}

function rememberingAttempt(opening: AttemptOpening, audited: Audited[]): AuditAttempt {
  let findings = {}
  let isConcluded = false
  return {
    ...opening,
    get isConcluded() {
      return isConcluded
    },
    learn(more) {
      findings = { ...findings, ...more }
    },
    beginning: () => assert.fail('no use case here begins anything'),
    ending: () => assert.fail('no use case here ends anything'),
    concluded() {
      isConcluded = true
    },
    async close(ending) {
      if (!isConcluded) audited.push({ ...opening, ...findings, ...ending })
      isConcluded = true
    },
  }
}

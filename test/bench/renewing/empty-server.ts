import { encodeCertificateChain, encodePrivateKey, generateKeyPair, type IssuedAnswer } from '@mayfly/ca-core'
import { createLogger, systemClock, systemRandom } from '@mayfly/platform'
import { logAnswer } from '../../../packages/issuer-daemon/src/api/access-log.ts'
import { serverTimeouts } from '../../../packages/issuer-daemon/src/api/front/https-server.ts'
import { frontInThread } from '../../../packages/issuer-daemon/src/api/front/thread/thread-front.ts'
import { createRateLimits } from '../../../packages/issuer-daemon/src/api/limits/rate-limits.ts'
import {
  type PublicServerOptions,
  startPublicServer,
} from '../../../packages/issuer-daemon/src/api/public-server.ts'
import type { AuditAttempt } from '../../../packages/issuer-daemon/src/audit/audit-attempt.ts'
import type { Issuer } from '../../../packages/issuer-daemon/src/issuing/issuer.ts'
import type { ServedBundle } from '../../../packages/issuer-daemon/src/issuing/issuer-ports.ts'
import type { LineageContext } from '../../../packages/issuer-daemon/src/issuing/security-context.ts'
import { createIssuerMetrics } from '../../../packages/issuer-daemon/src/metrics/issuer-metrics.ts'
import { boundHeap } from '../../../packages/issuer-daemon/src/running/bound-heap.ts'
import { createTestIssuer } from '../../support/test-issuer.ts'

/**
 * The ceiling: the issuer's own public server with an empty core, in a process of its own. TLS and HTTP are in a thread,
 * as the issuer's are, and each request is handed over and back. The request path with its limits, the log line and the
 * metrics are the issuer's; who asks is not looked at, nothing is decided, signed, audited or stored, and each request is
 * told the same answer. Tells its port.
 */
boundHeap()
const { issue } = await createTestIssuer()
const keyPair = await generateKeyPair('ec-p256')
const { chain } = await issue({ keyPair, names: ['dns:localhost'] })
const chainPem = encodeCertificateChain(chain)

const answer: IssuedAnswer = {
  status: 'issued',
  serial: '0'.repeat(32),
  generation: 2,
  chain: chainPem,
  notAfter: '2026-01-02T00:00:00Z',
  renewAt: '2026-01-01T12:00:00Z',
  bundleSequence: 1,
}
const context = { kind: 'lineage', identity: 'web-1' } as LineageContext
const attempt: AuditAttempt = {
  requestId: '',
  action: 'request',
  isConcluded: true,
  learn: () => undefined,
  beginning: () => refuseToWrite(),
  ending: () => refuseToWrite(),
  concluded: () => undefined,
  close: async () => undefined,
}
const issuer: Pick<Issuer, 'authenticateRequest' | 'submitRequest' | 'openAudit'> = {
  openAudit: () => attempt,
  authenticateRequest: async () => context,
  submitRequest: async () => answer,
}
const plenty = { perMinute: 1_000_000, burst: 1_000_000 }
const configuration: PublicServerOptions['configuration'] = {
  url: 'https://localhost:8443',
  health: { atApi: false },
  listen: { host: '127.0.0.1', port: 0 },
  limits: {
    address: plenty,
    identity: plenty,
    newcomers: plenty,
    enrolmentFailures: plenty,
    unproven: plenty,
    unprovenInAll: plenty,
    delegate: plenty,
    relays: [],
    connections: 10_000,
    connectionsPerAddress: 1_000,
  },
}
const limits = createRateLimits(configuration.limits, systemClock)
const log = createLogger({ level: 'info', name: 'mayfly-issuer', clock: systemClock })
const metrics = createIssuerMetrics({
  clock: systemClock,
  counts: refuseToRead,
  fleet: refuseToRead,
  storeBytes: refuseToRead,
  storeLogBytes: refuseToRead,
  authorityNotAfter: () => undefined,
  bundleSequence: () => 1,
  isWritable: () => true,
  isSigning: () => true,
  isReloadRefused: () => false,
})

const server = await startPublicServer({
  issuer: issuer as Issuer,
  configuration,
  material: { chainPem, keyPem: encodePrivateKey(keyPair) },
  timeouts: serverTimeouts,
  clock: systemClock,
  random: systemRandom,
  limits: () => limits,
  openFront: frontInThread(log),
  bundle: (): ServedBundle => refuseToWrite(),
  tainted: () => [],
  bundleMaxAgeSeconds: () => undefined,
  readiness: refuseToRead,
  answered(answered) {
    logAnswer(log, answered)
    metrics.answered(answered)
  },
})
process.send?.({ port: server.port })
process.once('disconnect', () => process.exit())

function refuseToWrite(): never {
  throw new TypeError('the handler is empty')
}

async function refuseToRead(): Promise<never> {
  throw new TypeError('the handler is empty')
}

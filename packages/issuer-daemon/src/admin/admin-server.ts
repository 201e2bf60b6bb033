import { createServer } from 'node:http'
import type { Clock, FileAccess, Random } from '@mayfly/ca-core'
import type { AnsweredRequest } from '../api/answered-request.ts'
import { createCore } from '../api/core/request-path.ts'
import { createJsonServer } from '../api/front/json-server.ts'
import type { RunningServer } from '../api/front/listening.ts'
import type { RateLimiter } from '../api/limits/rate-limiter.ts'
import {
  delegateConnectionsMax,
  drainTimeoutMs,
  headerBytesMax,
  inFlightMax,
} from '../api/limits/server-limits.ts'
import { faceOf } from '../api/route.ts'
import type { Issuer } from '../issuing/issuer.ts'
import type { AdminRights } from './admin-rights.ts'
import { adminRoutes } from './admin-routes.ts'
import { listenPrivately } from './private-socket.ts'

export interface AdminServerOptions {
  readonly issuer: Issuer
  readonly socket: string
  /** Owner, group and mode of the socket; the issuer's alone if absent. */
  readonly access?: FileAccess
  readonly clock: Clock
  readonly random: Random
  /** Of whoever can connect. Asked at each request, so that they can be changed. */
  rights(): AdminRights
  /** Counts the requests of a delegate. */
  delegateLimit?(): RateLimiter
  answered(answer: AnsweredRequest): void
}

/**
 * Administration over a Unix socket, on the same request path as the API. The kernel has already decided
 * who is asking: only those can connect to whom the socket is given.
 */
export async function startAdminServer(options: AdminServerOptions): Promise<RunningServer> {
  const { issuer, socket, access, clock, random } = options
  let isStopping = false
  const routes = adminRoutes(issuer)
  const core = createCore(routes, {
    limits: () => undefined,
    ...(options.delegateLimit && { delegateLimit: () => options.delegateLimit?.() }),
    authenticate: async () => ({ kind: 'admin', rights: options.rights() }),
    openAudit: (opening) => issuer.openAudit(opening),
    answered: (answer) => options.answered(answer),
  })
  const { app, server, inProgress } = await createJsonServer(
    routes.map(faceOf),
    { clock, random, limits: () => undefined, inFlightMax, stopping: () => isStopping, core },
    (listener) => createServer({ maxHeaderSize: headerBytesMax }, listener),
  )
  // The owner is never kept out, whatever his delegates do.
  if (options.delegateLimit !== undefined) server.maxConnections = delegateConnectionsMax
  const listening = await listenPrivately(server, socket, access)
  return {
    async close() {
      isStopping = true
      await listening.close({ clock, inProgress, timeoutMs: drainTimeoutMs })
      await app.close()
    },
  }
}

import type { Server } from 'node:http'
import type { Clock, Random } from '@mayfly/ca-core'
import type { IssuerConfiguration } from '../configuration/issuer-configuration.ts'
import type { Issuer } from '../issuing/issuer.ts'
import type { ServedBundle } from '../issuing/issuer-ports.ts'
import type { TlsMaterial } from '../tls/tls-parameters.ts'
import { addressForLimits } from './caller-address.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { createHttpsServer, type ServerTimeouts } from './https-server.ts'
import { createJsonServer } from './json-server.ts'
import { createKnownAddresses, type KnownAddresses } from './known-addresses.ts'
import { listenAt } from './listening.ts'
import { publicRoutes } from './public-api.ts'
import { authenticatePublic } from './public-authentication.ts'
import type { RateLimits } from './rate-limits.ts'
import type { Readiness } from './readiness.ts'
import type { Relays } from './relays.ts'
import type { AnsweredRequest } from './request-path-ports.ts'
import { drainTimeoutMs, inFlightMax, newcomersShareMax } from './server-limits.ts'

export interface PublicServerOptions {
  readonly issuer: Issuer
  readonly configuration: IssuerConfiguration
  readonly material: TlsMaterial
  readonly timeouts: ServerTimeouts
  readonly clock: Clock
  readonly random: Random
  /** Asked at each request, so that they can be replaced. */
  limits(): RateLimits
  /** Whose word about where a request came from is taken; asked at each one. */
  relays(): Relays
  /** Open connections in all. */
  connectionsMax(): number
  /** Open connections that one address may have. */
  connectionsPerAddressMax(): number
  bundle(): ServedBundle
  /** Intermediates whose certificates hosts are told to replace. */
  tainted(): readonly string[]
  readiness(): Promise<Readiness>
  answered(answer: AnsweredRequest): void
}

export interface RunningServer {
  readonly server: Server
  readonly port: number
  /** Answers what was accepted, and takes nothing new. */
  close(): Promise<void>
}

/** The public one also tells how many requests it is at work on. */
export interface PublicServer extends RunningServer {
  inProgress(): number
}

/** The HTTPS API, listening. */
export async function startPublicServer(options: PublicServerOptions): Promise<PublicServer> {
  const { issuer, configuration, material, timeouts, clock, random } = options
  let isStopping = false
  const known = createKnownAddresses(clock)
  const { app, server, inProgress } = await createJsonServer(
    publicRoutes(
      issuer,
      () => options.bundle(),
      configuration.health.atApi ? () => options.readiness() : undefined,
      () => options.tainted(),
    ),
    {
      clock,
      random,
      limits: () => options.limits(),
      relays: () => options.relays(),
      inFlightMax,
      async authenticate(route, body, caller) {
        const context = await authenticatePublic(issuer, configuration.url, route, body, caller)
        if (context.kind === 'lineage' || context.kind === 'token')
          known.add(addressForLimits(caller.address))
        return context
      },
      openAudit: (opening) => issuer.openAudit(opening),
      answered: (answer) => options.answered(answer),
      stopping: () => isStopping,
    },
    (listener) =>
      createHttpsServer(
        {
          material,
          connectionsMax: options.connectionsMax(),
          connectionLimits: connectionLimits(options, known),
          timeouts,
        },
        listener,
      ),
  )
  const listening = await listenAt(server, { ...configuration.listen })
  return {
    server,
    port: listening.port,
    inProgress,
    async close() {
      isStopping = true
      await listening.close({ clock, inProgress, timeoutMs: drainTimeoutMs })
      await app.close()
    },
  }
}

function connectionLimits(options: PublicServerOptions, known: KnownAddresses): ConnectionLimits {
  return {
    perAddressMax: () => options.connectionsPerAddressMax(),
    isRelay: (address) => options.relays().has(address),
    admit: (address) => options.limits().connections.tryTake(address),
    newcomers: {
      isKnown: (address) => known.has(address),
      openMax: () => Math.ceil(options.connectionsMax() * newcomersShareMax),
      admit: () => options.limits().newcomers.tryTake('all'),
    },
  }
}

import type { Clock, MayflyError, Random } from '@mayfly/ca-core'
import type { IssuerConfiguration } from '../../configuration/issuer-configuration.ts'
import { showCertificate } from '../../tls/show-certificate.ts'
import type { TlsMaterial } from '../../tls/tls-parameters.ts'
import type { Core } from '../arrival.ts'
import { addressForLimits } from '../limits/caller-address.ts'
import type { ConnectionLimits } from '../limits/connection-limits.ts'
import { createKnownAddresses, type KnownAddresses } from '../limits/known-addresses.ts'
import { createRateLimits, type RateLimits } from '../limits/rate-limits.ts'
import { createRelays, type Relays } from '../limits/relays.ts'
import { drainTimeoutMs, inFlightMax, newcomersShareMax } from '../limits/server-limits.ts'
import type { RouteFace } from '../route.ts'
import { createHttpsServer, type ServerTimeouts } from './https-server.ts'
import { createJsonServer } from './json-server.ts'
import { listenAt } from './listening.ts'

/** What a front is told at its start: data, which can be told to another thread. */
export interface FrontSettings {
  readonly faces: readonly RouteFace[]
  readonly listen: IssuerConfiguration['listen']
  readonly timeouts: ServerTimeouts
  readonly limits: FrontLimits
  readonly material: TlsMaterial
}

/** What a reload exchanges. */
export type FrontLimits = IssuerConfiguration['limits']

/** The HTTPS API as far as callers see it: connections, TLS, HTTP, and the limits by address. */
export interface Front {
  readonly port: number
  /** New connections are shown this; those that are open go on as they are. It was checked. */
  present(material: TlsMaterial): void
  /** Begins to count anew, by these limits. */
  follow(limits: FrontLimits): void
  /** Answers what was accepted, and takes nothing new. */
  close(): Promise<void>
  /** Resolves where it has ended by itself and cannot be started again. */
  readonly failed: Promise<MayflyError>
}

export interface FrontBasis {
  readonly clock: Clock
  readonly random: Random
  readonly core: Core
}

/** Opens the front, here or in a thread of its own. Throws `already-running` or `permission-denied` where it can't listen. */
export type OpenFront = (settings: FrontSettings, basis: FrontBasis) => Promise<Front>

interface LiveLimits {
  settings: FrontLimits
  limits: RateLimits
  relays: Relays
}

/** The front in this thread. */
export async function openFront(settings: FrontSettings, basis: FrontBasis): Promise<Front> {
  const { faces, listen, timeouts, material } = settings
  const { clock } = basis
  const live = liveLimits(settings.limits, clock)
  let isStopping = false
  const known = createKnownAddresses(clock)
  const { app, server, inProgress } = await createJsonServer(
    faces,
    {
      ...basis,
      limits: () => live.limits,
      relays: () => live.relays,
      inFlightMax,
      proved: (address) => known.add(addressForLimits(address)),
      stopping: () => isStopping,
    },
    (listener) => {
      const connectionLimits = limitsOfConnections(live, known)
      const connectionsMax = live.settings.connections
      return createHttpsServer({ material, connectionsMax, connectionLimits, timeouts }, listener)
    },
  )
  const listening = await listenAt(server, { ...listen })
  return {
    port: listening.port,
    failed: never,
    present: (next) => showCertificate(server, next),
    follow(limits) {
      Object.assign(live, liveLimits(limits, clock))
      server.maxConnections = limits.connections
    },
    async close() {
      isStopping = true
      await listening.close({ clock, inProgress, timeoutMs: drainTimeoutMs })
      await app.close()
    },
  }
}

/** It ends with this thread. */
const never: Promise<MayflyError> = new Promise(() => undefined)

function liveLimits(settings: FrontLimits, clock: Clock): LiveLimits {
  return { settings, limits: createRateLimits(settings, clock), relays: createRelays(settings.relays) }
}

function limitsOfConnections(live: LiveLimits, known: KnownAddresses): ConnectionLimits {
  return {
    perAddressMax: () => live.settings.connectionsPerAddress,
    isRelay: (address) => live.relays.has(address),
    admit: (address) => live.limits.connections.tryTake(address),
    newcomers: {
      isKnown: (address) => known.has(address),
      openMax: () => Math.ceil(live.settings.connections * newcomersShareMax),
      admit: () => live.limits.newcomers.tryTake('all'),
    },
  }
}

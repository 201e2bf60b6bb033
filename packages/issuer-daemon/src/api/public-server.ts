import type { Clock, MayflyError, Random } from '@mayfly/ca-core'
import type { IssuerConfiguration } from '../configuration/issuer-configuration.ts'
import type { Issuer } from '../issuing/issuer.ts'
import type { TlsMaterial } from '../tls/tls-parameters.ts'
import type { AnsweredRequest } from './answered-request.ts'
import type { Core } from './arrival.ts'
import { authenticatePublic } from './core/public-authentication.ts'
import { createCore } from './core/request-path.ts'
import type { Front, FrontLimits, OpenFront } from './front/front.ts'
import type { ServerTimeouts } from './front/https-server.ts'
import type { RateLimits } from './limits/rate-limits.ts'
import { publicRoutes } from './public-api.ts'
import type { Readiness } from './readiness.ts'
import { faceOf } from './route.ts'
import type { TrustNews } from './routes/bundle-route.ts'

export interface PublicServerOptions extends TrustNews {
  readonly issuer: Issuer
  readonly configuration: Pick<IssuerConfiguration, 'url' | 'listen' | 'health' | 'limits'>
  readonly material: TlsMaterial
  readonly timeouts: ServerTimeouts
  readonly clock: Clock
  readonly random: Random
  readonly openFront: OpenFront
  /** Asked at each request, so that they can be replaced. */
  limits(): RateLimits
  readiness(): Promise<Readiness>
  answered(answer: AnsweredRequest): void
}

/** The HTTPS API at work. */
export interface PublicServer {
  readonly port: number
  /** Requests that it is at work on. */
  inProgress(): number
  /** Lets new connections see another certificate, which was checked. */
  present(material: TlsMaterial): void
  /** Takes over the limits of connections and addresses. */
  follow(limits: FrontLimits): void
  /** Answers what was accepted, and takes nothing new. */
  close(): Promise<void>
  /** Resolves where it has ended by itself and cannot be started again. */
  readonly failed: Promise<MayflyError>
}

/** The HTTPS API, listening: its core is here, its front where `openFront` opens it. */
export async function startPublicServer(options: PublicServerOptions): Promise<PublicServer> {
  const { issuer, configuration, material, timeouts, clock, random } = options
  const routes = publicRoutes(
    issuer,
    options,
    configuration.health.atApi ? () => options.readiness() : undefined,
  )
  const { core, inProgress } = counting(
    createCore(routes, {
      limits: () => options.limits(),
      authenticate: (route, body, caller) =>
        authenticatePublic(issuer, configuration.url, route, body, caller),
      openAudit: (opening) => issuer.openAudit(opening),
      answered: (answer) => options.answered(answer),
    }),
  )
  const { listen, limits } = configuration
  const settings = { faces: routes.map(faceOf), listen, timeouts, limits, material }
  const front: Front = await options.openFront(settings, { clock, random, core })
  return {
    port: front.port,
    failed: front.failed,
    inProgress,
    present: (next) => front.present(next),
    follow: (next) => front.follow(next),
    close: () => front.close(),
  }
}

/** Counts the requests that the core is at work on. */
function counting(core: Core): { readonly core: Core; inProgress(): number } {
  let count = 0
  return {
    inProgress: () => count,
    core: {
      take(arrival) {
        count += 1
        const taken = core.take(arrival)
        const told = taken.told.finally(() => {
          count -= 1
        })
        return { ...taken, told }
      },
      answered: (answer) => core.answered(answer),
    },
  }
}

import { type Clock, dayMs, endpointPaths, type MayflyError, type Random, secondMs } from '@mayfly/ca-core'
import type { Issuer } from '@mayfly/issuer-daemon'
import type { WireRequest, WireResponse } from '../../../packages/agent/src/transport/transport.ts'
import type { Core, Told } from '../../../packages/issuer-daemon/src/api/arrival.ts'
import { authenticatePublic } from '../../../packages/issuer-daemon/src/api/core/public-authentication.ts'
import { refusalAnswer, telling } from '../../../packages/issuer-daemon/src/api/core/refusal.ts'
import { createCore } from '../../../packages/issuer-daemon/src/api/core/request-path.ts'
import type { RateLimits } from '../../../packages/issuer-daemon/src/api/limits/rate-limits.ts'
import { toMayflyError } from '../../../packages/issuer-daemon/src/api/problem.ts'
import { publicRoutes } from '../../../packages/issuer-daemon/src/api/public-api.ts'
import { newRequestId } from '../../../packages/issuer-daemon/src/api/request-id.ts'
import type { Route } from '../../../packages/issuer-daemon/src/api/route.ts'
import type { TrustNews } from '../../../packages/issuer-daemon/src/api/routes/bundle-route.ts'

export interface IssuerDoorOptions {
  readonly issuer: Issuer
  readonly issuerUrl: string
  readonly news: TrustNews
  readonly limits: RateLimits
  readonly clock: Clock
  readonly random: Random
}

/** What comes over the wire, and from where, to what goes back. Throws what nobody expected, as where the process has ended. */
export type IssuerDoor = (request: WireRequest, address: string) => Promise<WireResponse>

/** The issuer's own request path behind its front, whose limits of addresses are kept here; but no HTTP. */
export function openIssuerDoor(options: IssuerDoorOptions): IssuerDoor {
  const { issuer, issuerUrl, news, limits, clock, random } = options
  const routes = publicRoutes(issuer, news, undefined)
  const core = createCore(routes, {
    limits: () => limits,
    authenticate: (route, body, caller) => authenticatePublic(issuer, issuerUrl, route, body, caller),
    openAudit: (opening) => issuer.openAudit(opening),
    answered: ({ passage: { refusal } }) => requireExpected(refusal),
  })
  return async (request, address) => {
    const requestId = newRequestId(random)
    const { place, requires, params } = findRoute(routes, request.url.slice(issuerUrl.length))
    const limited = tooMany(limits, requires, address)
    const told =
      limited === undefined
        ? await handOver(core, { ...{ request, address, place, params, requestId }, now: clock.now() })
        : telling(refusalAnswer(limited, requestId), { context: { kind: 'anonymous' } })
    if (told.isFailedEnrolment) limits.enrolmentFailures.spend(address)
    return toWire(told, clock.now())
  }
}

/** A bug must not hide among the refusals, nor the end of the process. */
function requireExpected(refusal: MayflyError | undefined): void {
  if (refusal?.code === 'internal') throw refusal.cause
}

function tooMany(limits: RateLimits, requires: Route['requires'], address: string): MayflyError | undefined {
  try {
    limits.address.take(address)
    if (requires === 'token') limits.enrolmentFailures.check(address)
    return undefined
  } catch (error) {
    return toMayflyError(error)
  }
}

interface Handed {
  readonly request: WireRequest
  readonly address: string
  readonly place: number
  readonly params: unknown
  readonly requestId: string
  readonly now: number
}

async function handOver(
  core: Core,
  { request, address, place, params, requestId, now }: Handed,
): Promise<Told> {
  const { method, body = '', headers } = request
  const ifNoneMatch = headers['if-none-match']
  const taken = core.take({
    ...{ route: place, requestId, receivedAt: now, address, params, query: {} },
    body: { received: true, text: body },
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
  })
  const told = await taken.told
  taken.ended({ method, status: told.status, durationMs: 0 })
  return told
}

const certificates = `${endpointPaths.certificates}/`

function findRoute(
  routes: readonly Route[],
  path: string,
): { place: number; requires: Route['requires']; params: unknown } {
  const isCertificate = path.startsWith(certificates)
  const url = isCertificate ? `${certificates}:keyHash` : path
  const place = routes.findIndex((one) => one.url === url)
  const route = routes[place]
  if (route === undefined) throw new TypeError(`there is no route for ${path}`)
  const params = isCertificate ? { keyHash: path.slice(certificates.length) } : {}
  return { place, requires: route.requires, params }
}

function toWire({ status, headers, body = '' }: Told, now: number): WireResponse {
  const bytes = body === '' ? nothing : Buffer.from(body)
  return { status, headers: { ...headers, date: httpDate(now) }, body: bytes }
}

const nothing = new Uint8Array()

let latestDay = { day: 0, text: '' }

/** As `toUTCString` has it, whose day is made once. */
function httpDate(now: number): string {
  const day = Math.floor(now / dayMs)
  if (latestDay.day !== day) latestDay = { day, text: new Date(day * dayMs).toUTCString().slice(0, 17) }
  const second = Math.floor((now - day * dayMs) / secondMs)
  const [hours, minutes] = [Math.floor(second / 3_600), Math.floor(second / 60) % 60]
  return `${latestDay.text}${twoDigits[hours]}:${twoDigits[minutes]}:${twoDigits[second % 60]} GMT`
}

const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))

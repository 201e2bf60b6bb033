import { type Clock, dayMs, encodeBase64url, endpointPaths, type Random, secondMs } from '@mayfly/ca-core'
import type { Issuer, ServedBundle } from '@mayfly/issuer-daemon'
import type { WireRequest, WireResponse } from '../../../packages/agent/src/transport/transport.ts'
import { authorise } from '../../../packages/issuer-daemon/src/api/core/authorisation.ts'
import { authenticatePublic } from '../../../packages/issuer-daemon/src/api/core/public-authentication.ts'
import { validateInput } from '../../../packages/issuer-daemon/src/api/core/validation.ts'
import type { RateLimits } from '../../../packages/issuer-daemon/src/api/limits/rate-limits.ts'
import { problemAnswer, toMayflyError } from '../../../packages/issuer-daemon/src/api/problem.ts'
import { publicRoutes } from '../../../packages/issuer-daemon/src/api/public-api.ts'
import { readJsonBody } from '../../../packages/issuer-daemon/src/api/request-body.ts'
import { type Answer, isAudited, type Route } from '../../../packages/issuer-daemon/src/api/route.ts'
import { type AuditAttempt, endingOfError } from '../../../packages/issuer-daemon/src/audit/audit-attempt.ts'
import { actorOf } from '../../../packages/issuer-daemon/src/issuing/security-context.ts'
import { ProcessEnded } from '../promises/watched-store.ts'

export interface IssuerDoorOptions {
  readonly issuer: Issuer
  readonly issuerUrl: string
  readonly bundle: () => ServedBundle
  readonly limits: RateLimits
  readonly clock: Clock
  readonly random: Random
}

/** What comes over the wire, and from where, to what goes back. Throws only where the process has ended. */
export type IssuerDoor = (request: WireRequest, address: string) => Promise<WireResponse>

const requestIdBytes = 12
const unrecorded: readonly string[] = ['rate-limited', 'overloaded', 'stopping']

/** The issuer's own routes, limits, authentication and audit in the order of its request path, but no HTTP. */
export function openIssuerDoor(options: IssuerDoorOptions): IssuerDoor {
  const { issuer, bundle, clock } = options
  const routes = publicRoutes(issuer, bundle, async () => ({ ready: true }))
  return async (request, address) => {
    const path = request.url.slice(options.issuerUrl.length)
    const { route, params } = findRoute(routes, path)
    const visit: Visit = {
      address,
      requestId: encodeBase64url(options.random.bytes(requestIdBytes)),
      route,
      params,
      attempt: undefined,
    }
    try {
      return toWire(await walk(visit, request, options), clock.now())
    } catch (error) {
      if (error instanceof ProcessEnded) throw error
      return refuse(error, visit, clock.now())
    }
  }
}

interface Visit {
  readonly address: string
  readonly requestId: string
  readonly route: Route
  readonly params: unknown
  attempt: AuditAttempt | undefined
}

async function walk(visit: Visit, request: WireRequest, options: IssuerDoorOptions): Promise<Answer> {
  const { issuer, issuerUrl, limits, clock } = options
  const { route, address, requestId } = visit
  limits.address.take(address)
  const body = request.body === undefined ? undefined : readJsonBody({ received: true, text: request.body })
  const context =
    body?.read === false
      ? ({ kind: 'failed', error: body.error } as const)
      : await authenticatePublic(issuer, issuerUrl, route, body?.value, { address })
  if (context.kind === 'lineage') limits.identity.take(context.identity)
  const attempt = issuer.openAudit({ requestId, action: route.action, address })
  attempt.learn({ actor: actorOf(context) })
  visit.attempt = attempt
  authorise(route, context)
  const raw = { params: visit.params, query: {}, body: body?.read === true ? body.value : undefined }
  const answer = await route.run({
    requestId,
    receivedAt: clock.now(),
    caller: { address },
    context,
    input: validateInput(route, raw),
    attempt,
    ifNoneMatch: request.headers['if-none-match'],
  })
  if (isAudited(route)) await attempt.close({ outcome: 'done' })
  return answer
}

async function refuse(cause: unknown, visit: Visit, now: number): Promise<WireResponse> {
  const { status, headers, body } = problemAnswer(await recorded(cause, visit), visit.requestId)
  return { status, headers: { ...headers, date: httpDate(now) }, body: encode(JSON.stringify(body)) }
}

/** Durable before the answer, refusals too. */
async function recorded(
  cause: unknown,
  { route, attempt }: Visit,
): Promise<ReturnType<typeof toMayflyError>> {
  const refusal = toMayflyError(cause)
  // A bug must not hide among the refusals.
  if (refusal.code === 'internal') throw cause
  if (!isAudited(route) || unrecorded.includes(refusal.code)) return refusal
  try {
    await attempt?.close(endingOfError(refusal))
    return refusal
  } catch (error) {
    if (error instanceof ProcessEnded) throw error
    return toMayflyError(error)
  }
}

function findRoute(routes: readonly Route[], path: string): { route: Route; params: unknown } {
  const certificates = `${endpointPaths.certificates}/`
  const isCertificate = path.startsWith(certificates)
  const url = isCertificate ? `${certificates}:keyHash` : path
  const route = routes.find((one) => one.url === url)
  if (route === undefined) throw new TypeError(`there is no route for ${path}`)
  return { route, params: isCertificate ? { keyHash: path.slice(certificates.length) } : {} }
}

function toWire({ status, mediaType, headers, body }: Answer, now: number): WireResponse {
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body)
  return {
    status,
    headers: { ...headers, 'content-type': mediaType, date: httpDate(now) },
    body: encode(text),
  }
}

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

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

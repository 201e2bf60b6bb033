import type { AuditAttempt } from '../../audit/audit-attempt.ts'
import type { SecurityContext } from '../../issuing/security-context.ts'
import type { Arrival, Core, Told } from '../arrival.ts'
import { readJsonBody } from '../request-body.ts'
import { type Answer, isAudited, type Route } from '../route.ts'
import { openAttempt } from './audit-opening.ts'
import { authorise } from './authorisation.ts'
import { callerIn, type Passage } from './passage.ts'
import { refuse, telling } from './refusal.ts'
import type { CorePorts } from './request-path-ports.ts'
import { validateInput } from './validation.ts'

/**
 * The way of every request, in this order: limit → authenticate → open the audit record → authorise →
 * validate → use case → close the audit record → answer. It begins at the front (`front-path.ts`), which limits
 * addresses and reads the body. From authentication on it is here, and knows nothing of HTTP.
 */
export function createCore(routes: readonly Route[], ports: CorePorts): Core {
  return {
    take(arrival) {
      const route = routes[arrival.route]
      if (route === undefined) throw new TypeError(`there is no route ${arrival.route}`)
      const passage = passageOf(arrival, route)
      return {
        told: walk(arrival, passage, route, ports),
        ended(sent) {
          if (sent !== undefined) ports.answered({ passage, route, ...sent })
        },
      }
    },
    answered: (answer) => ports.answered(answer),
  }
}

function passageOf(arrival: Arrival, { accepts }: Route): Passage {
  const { requestId, receivedAt, body } = arrival
  return {
    requestId,
    receivedAt,
    ...callerIn(arrival),
    body: accepts === undefined ? { read: true, value: undefined } : readJsonBody(body),
    context: { kind: 'anonymous' },
  }
}

/** Rejects for nothing: what is thrown on the way is a refusal. */
async function walk(arrival: Arrival, passage: Passage, route: Route, ports: CorePorts): Promise<Told> {
  try {
    if (arrival.refusal !== undefined) throw arrival.refusal
    const authenticating = authenticate(passage, route, ports)
    // Of most callers, who only ask for the bundle, nothing is to be found out.
    passage.context = authenticating instanceof Promise ? await authenticating : authenticating
    limitIdentity(passage, ports)
    const attempt = openAttempt(passage, route, ports)
    authorise(route, passage.context)
    return telling(await answer(arrival, passage, route, attempt), passage)
  } catch (error) {
    return refuse(error, passage, route, ports)
  }
}

function authenticate(
  passage: Passage,
  route: Route,
  ports: CorePorts,
): SecurityContext | Promise<SecurityContext> {
  const { body } = passage
  return body.read
    ? ports.authenticate(route, body.value, callerIn(passage))
    : { kind: 'failed', error: body.error }
}

function limitIdentity({ context }: Passage, { limits, delegateLimit }: CorePorts): void {
  if (context.kind === 'lineage') limits()?.identity.take(context.identity)
  if (context.kind === 'admin' && context.rights.is === 'delegate')
    delegateLimit?.()?.take(context.rights.name)
}

/** Runs the use case of a route, closes the audit record, and only then answers. */
async function answer(
  arrival: Arrival,
  passage: Passage,
  route: Route,
  attempt: AuditAttempt,
): Promise<Answer> {
  const { requestId, receivedAt, context } = passage
  const input = validate(arrival, passage, route)
  const caller = callerIn(passage)
  const { ifNoneMatch } = arrival
  const result = await route.run({ requestId, receivedAt, caller, context, input, attempt, ifNoneMatch })
  if (isAudited(route)) await attempt.close({ outcome: 'done' })
  return result
}

function validate({ params, query }: Arrival, { context, body }: Passage, route: Route): unknown {
  // A broken body of a route that requires no proof comes to light only here.
  if (context.kind === 'failed') throw context.error
  return validateInput(route, { params, query, body: body.read ? body.value : undefined })
}

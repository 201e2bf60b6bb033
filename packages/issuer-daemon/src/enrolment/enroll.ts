import { type IssuedAnswer, MayflyError, type PublicKey, type Report } from '@mayfly/ca-core'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import { type Decided, decideAgain } from '../issuing/decide-again.ts'
import { issueOne } from '../issuing/issue-one.ts'
import { issuedAnswer } from '../issuing/issued-answer.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import { refusalError } from '../issuing/refusal.ts'
import { readRequestedKey } from '../issuing/requested-key.ts'
import { requireContext } from '../issuing/require-context.ts'
import { actorOf, type SecurityContext } from '../issuing/security-context.ts'
import {
  type EnrolmentPlan,
  type EnrolmentRequest,
  type EnrolmentState,
  planEnrolment,
} from './plan-enrolment.ts'

interface Enrolment {
  readonly request: EnrolmentRequest
  readonly publicKey: PublicKey
  readonly attempt: AuditAttempt
}

/**
 * A host joins with a token: the first certificate of a new lineage. The same token with the same key gets the
 * same answer again.
 *
 * @throws MayflyError the refusals of `planEnrolment`, those of the request for the certificate, `clock-wrong`,
 * `store-unavailable`, `hsm-unavailable`, `authority-missing`, `authority-expired`
 */
export async function enroll(
  body: { readonly csr: string; readonly report?: Report },
  context: SecurityContext,
  attempt: AuditAttempt,
  ports: IssuerPorts,
): Promise<IssuedAnswer> {
  const { claims } = requireContext(context, 'token')
  attempt.learn({ actor: actorOf(context), identity: claims.identity })
  const { request, requested } = await readRequestedKey(body.csr, ports)
  const enrolment: Enrolment = {
    request: {
      claims,
      key: requested,
      address: attempt.address ?? 'unknown',
      ...(body.report && { report: body.report }),
    },
    publicKey: request.publicKey,
    attempt,
  }
  ports.trace.step('request.accepted', { identity: claims.identity, requestId: attempt.requestId })
  return decideAgain(ports.clock, () => decide(enrolment, ports))
}

async function decide(enrolment: Enrolment, ports: IssuerPorts): Promise<Decided<IssuedAnswer>> {
  const plan = planEnrolment(await loadState(enrolment.request, ports), enrolment.request, ports.clock.now())
  switch (plan.do) {
    case 'refuse':
      throw refusalError(plan)
    case 'wait':
      return { settled: false, because: plan.because }
    case 'answer-again':
      return answerAgain(enrolment, ports)
    case 'mint':
      return issue(plan, enrolment, ports)
  }
}

async function loadState(
  { claims, key }: EnrolmentRequest,
  { store, policy }: IssuerPorts,
): Promise<EnrolmentState> {
  const token = await store.token(claims.jti)
  const identity = await store.identity({ name: claims.identity })
  const sameKey = await store.issuance(key.keyHash)
  return { policy, ...(token && { token }), ...(identity && { identity }), ...(sameKey && { sameKey }) }
}

async function answerAgain(
  { request, attempt }: Enrolment,
  { store, clock, bundle }: IssuerPorts,
): Promise<Decided<IssuedAnswer>> {
  const certificate = await store.certificate({ keyHash: request.key.keyHash })
  if (certificate === undefined) {
    throw new MayflyError('key-reused', 'The certificate of this key expired and is gone; make a new key.')
  }
  const { serial, issuance } = certificate
  const { generation } = issuance
  const at = clock.now()
  const ending = attempt.ending(at, { outcome: 'issued', reason: 'same-key', serial, generation })
  await store.commit([{ at, parts: [ending] }])
  attempt.concluded()
  return { settled: true, result: issuedAnswer({ ...certificate, generation }, bundle().bundle.sequence) }
}

async function issue(
  { next, lineage }: Extract<EnrolmentPlan, { do: 'mint' }>,
  { request, publicKey, attempt }: Enrolment,
  ports: IssuerPorts,
): Promise<Decided<IssuedAnswer>> {
  const { clock } = ports
  const { claims, key } = request
  const minted = await issueOne(
    {
      identity: next,
      publicKey,
      lineage,
      generation: 1,
      parentGeneration: 0,
      beginning: (serial) => [
        { do: 'use-token', jti: claims.jti, keyHash: key.keyHash, at: clock.now() },
        { do: 'move-identity', next },
        attempt.beginning(clock.now(), { serial, generation: 1 }),
      ],
      ending: ({ serial }) => [attempt.ending(clock.now(), { outcome: 'issued', serial, generation: 1 })],
    },
    ports,
  )
  if (!minted.settled) return minted
  attempt.concluded()
  return { settled: true, result: issuedAnswer(minted.result, ports.bundle().bundle.sequence) }
}

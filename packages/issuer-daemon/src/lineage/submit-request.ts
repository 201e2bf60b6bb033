import { hash } from 'node:crypto'
import type { PublicKey } from '@mayfly/ca-core'
import {
  addSeconds,
  formatInstant,
  type IssuerAnswer,
  MayflyError,
  requestLifetimeSeconds,
} from '@mayfly/ca-core'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import { afterRefusal } from '../issuing/change-refusal.ts'
import { type Decided, decideAgain } from '../issuing/decide-again.ts'
import { issueOne } from '../issuing/issue-one.ts'
import { issuedAnswer } from '../issuing/issued-answer.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import { refusalError } from '../issuing/refusal.ts'
import { type RequestedKey, readRequestedKey } from '../issuing/requested-key.ts'
import { requireContext } from '../issuing/require-context.ts'
import { actorOf, type LineageContext, type SecurityContext } from '../issuing/security-context.ts'
import type { ChangePart } from '../store/change.ts'
import type { IdentityRecord } from '../store/identity-record.ts'
import type { IssuanceRecord } from '../store/issuance-record.ts'
import { planRequest, type RequestPlan } from './plan-request.ts'

/** 128 bits of a key's hash name it beyond doubt; the audit keeps each of them for long. */
const auditedKeyDigits = 32

/** A request on its way: what was proved, what is asked for, and the record of it. */
interface Submission {
  readonly context: LineageContext
  readonly publicKey: PublicKey
  readonly key: RequestedKey
  readonly attempt: AuditAttempt
  /** Every outcome that changes something also uses up the request's nonce. */
  readonly nonce: ChangePart
}

/**
 * A lineage asks for its next certificate: it is minted at once where it is due, else its key is staged.
 *
 * @throws MayflyError the refusals of `planRequest`, those of the request for the certificate,
 * `request-replayed`, `clock-wrong`, `store-unavailable`, `hsm-unavailable`, `authority-missing`, `authority-expired`
 */
export async function submitRequest(
  context: SecurityContext,
  attempt: AuditAttempt,
  ports: IssuerPorts,
): Promise<IssuerAnswer> {
  const lineage = requireContext(context, 'lineage')
  attempt.learn({ actor: actorOf(lineage), identity: lineage.identity })
  const { request, requested } = await readRequestedKey(lineage.body.csr, ports)
  const submission = {
    context: lineage,
    publicKey: request.publicKey,
    key: requested,
    attempt,
    nonce: rememberNonce(lineage),
  }
  ports.trace.step('request.accepted', { identity: lineage.identity, requestId: attempt.requestId })
  let found: IdentityRecord | undefined = lineage.found
  return decideAgain(ports.clock, () => {
    const once = found
    found = undefined
    return decide(submission, ports, once)
  })
}

/**
 * What moves the identity is guarded by its version, so the first time it is decided on the identity as it was found
 * with the signer; everything else is decided on the identity as it is now.
 */
async function decide(
  submission: Submission,
  ports: IssuerPorts,
  found: IdentityRecord | undefined,
): Promise<Decided<IssuerAnswer>> {
  const sameKey = await ports.store.issuance(submission.key.keyHash)
  const early = found && plan(submission, ports, found, sameKey)
  if (early?.do === 'mint' || early?.do === 'stage') return apply(early, submission, ports)
  const { identity: name, identityId: id } = submission.context
  const identity = await ports.store.identity({ id })
  if (identity === undefined) throw new MayflyError('identity-unknown', `There is no identity ${name}.`)
  // Anew, since what it says of the key must not be older than the identity.
  const sameKeyNow = await ports.store.issuance(submission.key.keyHash)
  return apply(plan(submission, ports, identity, sameKeyNow), submission, ports)
}

function plan(
  { context, key, attempt }: Submission,
  { clock, policy }: IssuerPorts,
  identity: IdentityRecord,
  sameKey: IssuanceRecord | undefined,
): RequestPlan {
  const { signer, body, issuedAt } = context
  return planRequest(
    {
      identity,
      signer: { ...signer.issuance, notAfter: signer.notAfter, renewAt: signer.renewAt },
      policy,
      ...(sameKey && { sameKey }),
    },
    {
      key,
      replaces: body.replaces ?? [],
      issuedAt,
      address: attempt.address ?? 'unknown',
      immediate: body.immediate ?? false,
      report: body.report,
    },
    clock.now(),
  )
}

async function apply(
  decided: RequestPlan,
  submission: Submission,
  ports: IssuerPorts,
): Promise<Decided<IssuerAnswer>> {
  switch (decided.do) {
    case 'refuse':
      throw refusalError(decided)
    case 'wait':
      return { settled: false, because: decided.because }
    case 'suspend':
      return suspend(decided, submission, ports)
    case 'answer-again':
      return answerAgain(submission, ports)
    case 'stage':
      return stage(decided, submission, ports)
    case 'mint':
      return issue(decided, submission, ports)
  }
}

async function suspend(
  { next, addresses }: Extract<RequestPlan, { do: 'suspend' }>,
  { context, attempt, nonce }: Submission,
  ports: IssuerPorts,
): Promise<Decided<never>> {
  const at = ports.clock.now()
  const [outcome] = await ports.store.commit([
    {
      at,
      parts: [
        nonce,
        { do: 'move-identity', next },
        attempt.ending(at, { outcome: 'refused', reason: 'lineage-conflict', details: { addresses } }),
      ],
    },
  ])
  if (outcome?.done === false) return afterRefusal(outcome.refused)
  attempt.concluded()
  const { identity, generation } = context
  ports.trace.step('identity.suspended', {
    identity,
    generation,
    because: 'lineage-conflict',
    holder: addresses[0] ?? 'unknown',
    other: addresses[1] ?? 'unknown',
  })
  throw new MayflyError(
    'lineage-conflict',
    `Two hosts hold the lineage of ${identity}: ${addresses.join(' and ')}. It is suspended; ` +
      'find out which host is the right one, resume the identity and enrol that host anew.',
    { details: { addresses: [...addresses] } },
  )
}

async function answerAgain(
  { key, attempt, nonce }: Submission,
  { store, clock, bundle }: IssuerPorts,
): Promise<Decided<IssuerAnswer>> {
  const certificate = await store.certificate({ keyHash: key.keyHash })
  if (certificate === undefined) {
    throw new MayflyError('key-reused', 'The certificate of this key expired and is gone; make a new key.')
  }
  const { generation } = certificate.issuance
  const at = clock.now()
  const { serial } = certificate
  const ending = attempt.ending(at, { outcome: 'issued', reason: 'same-key', serial, generation })
  const [outcome] = await store.commit([{ at, parts: [nonce, ending] }])
  if (outcome?.done === false) return afterRefusal(outcome.refused)
  attempt.concluded()
  return { settled: true, result: issuedAnswer({ ...certificate, generation }, bundle().bundle.sequence) }
}

async function stage(
  { next, mintAt }: Extract<RequestPlan, { do: 'stage' }>,
  { key, attempt, nonce }: Submission,
  { store, clock }: IssuerPorts,
): Promise<Decided<IssuerAnswer>> {
  const at = clock.now()
  const ending = attempt.ending(at, {
    outcome: 'scheduled',
    details: { key: key.keyHash.slice(0, auditedKeyDigits) },
  })
  const [outcome] = await store.commit([{ at, parts: [nonce, { do: 'move-identity', next }, ending] }])
  if (outcome?.done === false) return afterRefusal(outcome.refused)
  attempt.concluded()
  const answer = { status: 'scheduled', mintAt: formatInstant(mintAt), keyHash: key.keyHash } as const
  return { settled: true, result: answer }
}

async function issue(
  plan: Extract<RequestPlan, { do: 'mint' }>,
  { publicKey, attempt, nonce }: Submission,
  ports: IssuerPorts,
): Promise<Decided<IssuerAnswer>> {
  const { next, lineage, generation, parentGeneration } = plan
  const { clock } = ports
  const minted = await issueOne(
    {
      identity: next,
      publicKey,
      lineage,
      generation,
      parentGeneration,
      beginning: (serial) => [
        nonce,
        { do: 'move-identity', next },
        attempt.beginning(clock.now(), { serial, generation }),
      ],
      ending: ({ serial }) => [
        attempt.ending(clock.now(), { outcome: 'issued', reason: plan.because, serial, generation }),
      ],
    },
    ports,
  )
  if (!minted.settled) return minted
  attempt.concluded()
  return { settled: true, result: issuedAnswer(minted.result, ports.bundle().bundle.sequence) }
}

/** Bound to the signer, so that nobody can use up another's nonces. */
function rememberNonce({ signer, jti, issuedAt }: LineageContext): ChangePart {
  const nonce = hash('sha256', `${signer.serial} ${jti}`).slice(0, 32)
  // Afterwards the request is stale by its own time; the second more is for the fraction that it leaves out.
  return { do: 'remember-nonce', nonce, expiresAt: addSeconds(issuedAt, requestLifetimeSeconds + 1) }
}

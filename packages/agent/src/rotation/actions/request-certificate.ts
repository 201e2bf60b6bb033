import {
  addSeconds,
  type Certificate,
  type ErrorCode,
  encodeBase64url,
  endpointPaths,
  endpointUrl,
  type IssuedAnswer,
  type IssuerAnswer,
  isMayflyError,
  MayflyError,
  type RequestBody,
  type ScheduledAnswer,
  signRequest,
} from '@mayfly/ca-core'
import type { Credential } from '../../state/credential.ts'
import { type LineageState, liveGeneration } from '../../state/lineage-state.ts'
import type { StagedKey } from '../../state/staged-key.ts'
import { askIssuers } from '../ask-issuers.ts'
import { openCredential } from '../material-of.ts'
import { newestAuditHead } from '../newest-audit-head.ts'
import { paceOf } from '../pace.ts'
import { issuerUrls, type RotationContext } from '../rotation-context.ts'
import { acceptCertificate, type CertificateReview, reviewCertificates } from './accept-certificate.ts'
import { composeReport } from './compose-report.ts'
import { csrOf } from './csr-of.ts'
import { dropRefusedKey } from './drop-key.ts'

/** 128 random bits, so that no two requests ever share a nonce. */
const nonceBytes = 16
/** What the issuer will say of this key for ever; another key may do better. */
const keyIsSpent: readonly ErrorCode[] = [
  'key-reused',
  'key-weak',
  'key-type-unsupported',
  'csr-invalid',
  'names-not-allowed',
]

/** Asks for the staged key to be certified. Asking again for the same key is safe. */
export async function requestCertificate(context: RotationContext, immediate: boolean): Promise<void> {
  const asked = immediate ? await hasten(context) : context
  try {
    const body = await composeBody(asked)
    const review = reviewCertificates(asked)
    const good = await askIssuers(issuerUrls(asked.subject, asked.state), (url) =>
      requestAt(asked, url, body, review),
    ).catch((error: unknown) => review.fail(error))
    await takeAnswer({ ...asked, state: review.noted(asked.state) }, good)
  } catch (error) {
    if (keyIsSpent.some((code) => isMayflyError(error, code))) await dropRefusedKey(asked, asMessage(error))
    throw error
  }
}

/** An answer that is what it should be. */
type GoodAnswer =
  | {
      readonly answer: IssuedAnswer
      readonly credential: Credential
      readonly issuerUrl: string
    }
  | { readonly answer: ScheduledAnswer }

async function requestAt(
  context: RotationContext,
  issuerUrl: string,
  body: RequestBody,
  review: CertificateReview,
): Promise<GoodAnswer> {
  const answer = await sendRequest(context, issuerUrl, body)
  if (answer.status === 'scheduled') return { answer }
  return { answer, credential: await review.examine({ issuerUrl, chainPem: answer.chain }), issuerUrl }
}

/**
 * Asks one issuer for a certificate of its own for the staged key, where another's is of no use. What was promised for the
 * key stays as it is.
 *
 * @throws MayflyError `answer-invalid` where it has none at once, or what the issuer refuses it for
 */
export async function requestAtOnce(context: RotationContext, issuerUrl: string): Promise<IssuedAnswer> {
  const body = { ...(await composeBody(context)), immediate: true as const }
  const answer = await sendRequest(context, issuerUrl, body)
  if (answer.status === 'issued') return answer
  throw new MayflyError('answer-invalid', `${issuerUrl} was asked for a certificate at once, and puts it off`)
}

/** Notes that the certificate is wanted at once. The promise of a later time goes, or a crash now would leave it standing. */
async function hasten(context: RotationContext): Promise<RotationContext> {
  const staged = stagedOf(context)
  if (staged.immediate) return context
  const { promise: _past, ...rest } = staged
  const state = await context.save({ ...context.state, staged: { ...rest, immediate: true } })
  return { ...context, state }
}

function stagedOf({ state }: RotationContext): StagedKey {
  if (state.staged === undefined) throw new TypeError('there is no staged key to ask for')
  return state.staged
}

async function composeBody(context: RotationContext): Promise<RequestBody> {
  const staged = stagedOf(context)
  const { givenUp } = context.state
  return {
    csr: await csrOf(staged, context.subject.settings.names),
    report: composeReport(context),
    ...(givenUp !== undefined && { replaces: givenUp }),
    ...(staged.immediate && { immediate: true }),
  }
}

async function sendRequest(
  context: RotationContext,
  issuerUrl: string,
  body: RequestBody,
): Promise<IssuerAnswer> {
  try {
    return await sendOnce(context, issuerUrl, body)
  } catch (error) {
    // The refusal showed the issuer's time: signed by that, the request is in time.
    if (isMayflyError(error, 'request-stale')) return sendOnce(context, issuerUrl, body)
    // It may have forgotten: its store was restored. The certificate proves that it has issued it.
    if (isMayflyError(error, 'lineage-unknown')) {
      const { identity } = context.state
      const introduction = { identity, certificate: encodeBase64url(leafOf(context).der) }
      return sendOnce(context, issuerUrl, { ...body, introduction })
    }
    throw error
  }
}

async function sendOnce(
  context: RotationContext,
  issuerUrl: string,
  body: RequestBody,
): Promise<IssuerAnswer> {
  const { ports, state, held, subject } = context
  const jws = await signRequest({
    keyPair: openCredential(state.head).keyPair,
    signer: leafOf(context),
    url: endpointUrl(issuerUrl, endpointPaths.requests),
    now: addSeconds(ports.clock.now(), -ports.issuer.clockOffsetSeconds()),
    jti: encodeBase64url(ports.random.bytes(nonceBytes)),
    body,
  })
  const fields = { certificate: subject.name, keyHash: stagedOf(context).keyHash, issuer: issuerUrl }
  ports.trace.step('request.sent', fields)
  const answer = await ports.issuer.request(issuerUrl, jws, held.bundle)
  ports.trace.step('request.answered', { ...fields, status: answer.status })
  return answer
}

function leafOf({ state }: RotationContext): Certificate {
  const [leaf] = openCredential(state.head).chain
  if (leaf !== undefined) return leaf
  throw new MayflyError('state-invalid', 'the certificate in the state is missing; enrol again')
}

async function takeAnswer(context: RotationContext, good: GoodAnswer): Promise<void> {
  const { answer } = good
  const { ports, subject, state } = context
  const live = liveGeneration(state)
  const isNews = live !== undefined && live.serial !== state.reportedSerial
  const reported = withAuditHead(
    { ...state, ...(live !== undefined && { reportedSerial: live.serial }) },
    answer,
    openCredential(state.head).chain,
  )
  if ('credential' in good) await takeCertificate({ ...context, state: reported }, good)
  else await takePromise({ ...context, state: reported }, good.answer)
  if (isNews)
    ports.trace.step('reported', { certificate: subject.name, serial: live.serial, generation: live.number })
}

async function takeCertificate(
  context: RotationContext,
  { answer, credential, issuerUrl }: Extract<GoodAnswer, { credential: Credential }>,
): Promise<void> {
  const accepted = await acceptCertificate(context, credential, issuerUrl)
  // The intermediate that came with it is known only now that its chain was checked.
  const trusted = accepted.candidate === undefined ? [] : openCredential(accepted.candidate).chain
  const noted = withAuditHead(accepted, answer, trusted)
  if (noted.auditHead !== accepted.auditHead) await context.save(noted)
  if (answer.bundleSequence > context.held.bundle.sequence) {
    context.ports.shelf.outdate(accepted.rootFingerprint)
  }
}

/** With the end of the issuer's history that came with the answer, if the chain's intermediate signed it. */
function withAuditHead(
  state: LineageState,
  answer: IssuerAnswer,
  trusted: readonly Certificate[],
): LineageState {
  const [, ...authorities] = trusted
  const auditHead = newestAuditHead(state.auditHead, answer.auditHead, authorities)
  return { ...state, ...(auditHead !== undefined && { auditHead }) }
}

async function takePromise(context: RotationContext, answer: ScheduledAnswer): Promise<void> {
  const { ports, state, save } = context
  const staged = stagedOf(context)
  if (answer.keyHash !== staged.keyHash) {
    throw new MayflyError(
      'answer-invalid',
      "the issuer's answer is refused: it promises a certificate for another key",
    )
  }
  const now = ports.clock.now()
  // The issuer speaks in its own time; the plan is made in ours.
  const mintAt = addSeconds(Date.parse(answer.mintAt), ports.issuer.clockOffsetSeconds())
  const { graceSeconds } = paceOf(state.head)
  const promisedAt = Math.max(mintAt, now)
  // What was asked for at once must not be put off: there may be no time left to find the promise broken.
  const fetchAt = staged.immediate ? Math.min(promisedAt, addSeconds(now, graceSeconds)) : promisedAt
  const askAgainAt = addSeconds(fetchAt, graceSeconds)
  await save({ ...state, staged: { ...staged, promise: { at: now, mintAt, fetchAt, askAgainAt } } })
  ports.tell({ event: 'scheduled', mintAt })
}

function asMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

import { isMayflyError, MayflyError } from '@mayfly/ca-core'
import { type Credential, lifetimeMs } from '../../state/credential.ts'
import { type LineageState, withRefusedIssuers } from '../../state/lineage-state.ts'
import { withoutRefused, withRefused } from '../../state/refused-issuers.ts'
import { clearSetback, type Setbacks } from '../../state/setback.ts'
import { checkCertificate } from '../check-certificate.ts'
import { materialOf } from '../material-of.ts'
import { refusalsMax } from '../pace.ts'
import { expectedNames, issuerUrls, type RotationContext } from '../rotation-context.ts'
import { isUnderTainted } from '../under-tainted.ts'
import { dropCertifiedKey } from './drop-key.ts'

/** Who answered, and with what. */
export interface IssuersCertificate {
  readonly issuerUrl: string
  readonly chainPem: string
}

/**
 * What the certificates of several issuers came to, for one staged key. One that is refused is told of, and is no reason
 * not to ask the next issuer; what the first of them was refused for counts where no other has a better one.
 */
export interface CertificateReview {
  /**
   * The certificate as a credential, if it is what it should be. Where another issuer could be asked, it is proved too.
   * Throws `answer-invalid`, `prove-failed` or `certificate-expired`.
   */
  examine(answer: IssuersCertificate): Promise<Credential>
  /** Whether an issuer's certificate was refused. */
  hasRefused(): boolean
  /** `state` with a note of the issuers whose certificates were refused, to be saved with what comes of the others. */
  noted(state: LineageState): LineageState
  /**
   * Notes that no issuer had a better one. A key for which only wrong ones come is given up, so that a fault at one
   * place of the issuers ends by itself. Where others were given up not long ago it is kept, and asked for again: that
   * costs no certificate.
   * @throws what the first certificate was refused for, or `failure` where none came
   */
  fail(failure: unknown): Promise<never>
}

export function reviewCertificates(context: RotationContext): CertificateReview {
  const { ports, subject, state } = context
  const isOneOfMany = issuerUrls(subject, state).length > 1
  let refused = state.refusedIssuers ?? []
  let refusal: Refusal | undefined
  const noted = (next: LineageState): LineageState => withRefusedIssuers(next, refused)

  return {
    async examine({ issuerUrl, chainPem }) {
      const verdict = await judge(context, chainPem, isOneOfMany)
      if (verdict.is === 'good') return verdict.credential
      const { error } = verdict
      if (!isOneOfMany) {
        refusal ??= verdict
        throw error
      }
      const named = new MayflyError(error.code, `${issuerUrl}: ${error.message}`, { cause: error })
      refused = withRefused(refused, { url: issuerUrl, at: ports.clock.now(), reason: error.message })
      ports.tell({ event: 'answer-refused', issuer: issuerUrl, because: error.message })
      refusal ??= { ...verdict, error: named }
      throw named
    },
    hasRefused: () => refusal !== undefined,
    noted,
    async fail(failure) {
      if (refusal === undefined) throw failure
      await noteRefusal({ ...context, state: noted(state) }, refusal)
      throw refusal.error
    },
  }
}

/** Takes a certificate for the staged key as the candidate. Gives back the state that it saved. */
export async function acceptCertificate(
  { ports, state, wish, save }: RotationContext,
  candidate: Credential,
  issuerUrl: string,
): Promise<LineageState> {
  const { staged: _certified, ...rest } = state
  const now = ports.clock.now()
  const refused = withoutRefused(state.refusedIssuers ?? [], {
    url: issuerUrl,
    now,
    keepMs: lifetimeMs(candidate),
  })
  // In the same write: a wish orders one certificate, whatever ends the process, and a later one is another wish.
  const granted = wish !== undefined && { granted: { wish, after: state.head.serial } }
  const next = { ...rest, candidate, setbacks: withoutOlder(state.setbacks), ...granted }
  const accepted = await save(withRefusedIssuers(next, refused))
  const { serial, notAfter } = candidate
  ports.tell({ event: 'received', serial, notAfter, issuer: issuerUrl })
  return accepted
}

interface Refusal {
  readonly is: 'tainted' | 'wrong'
  readonly error: MayflyError
}

type Verdict = Refusal | { readonly is: 'good'; readonly credential: Credential }

async function judge(context: RotationContext, chainPem: string, isOneOfMany: boolean): Promise<Verdict> {
  const { ports, subject, state, held } = context
  const { staged } = state
  if (staged === undefined) throw new TypeError('there is no staged key that a certificate could be for')
  if (isUnderTainted(chainPem, held)) {
    const message = `the issuer's answer is refused: ${taintedReason}`
    return { is: 'tainted', error: new MayflyError('answer-invalid', message) }
  }
  try {
    const credential = checkCertificate(chainPem, {
      keyPem: staged.keyPem,
      keyHash: staged.keyHash,
      profile: state.profile,
      names: expectedNames(subject, state),
      bundle: held.bundle,
      now: ports.clock.now(),
      before: state.head,
    })
    if (isOneOfMany) await proveNow(context, credential)
    return { is: 'good', credential }
  } catch (error) {
    if (isMayflyError(error)) return { is: 'wrong', error }
    throw error
  }
}

/** One that is not valid yet is proved when it is. */
async function proveNow(
  { ports, subject, state, held }: RotationContext,
  credential: Credential,
): Promise<void> {
  const now = ports.clock.now()
  if (credential.notBefore > now) return
  const { profile } = state
  await ports.servers.prove(materialOf(credential, held.bundle), {
    names: expectedNames(subject, state),
    profile,
    now,
  })
}

/** It was minted before its intermediate was tainted. A key gets one certificate, so this one is of no use any more. */
const taintedReason = 'its certificate is of an intermediate that the issuer has tainted since'

/** A new certificate ends what asking for it had met, and is no heir to the trouble of the candidate before. */
function withoutOlder(setbacks: Setbacks): Setbacks {
  return clearSetback(clearSetback(clearSetback(setbacks, 'install'), 'fetch'), 'ask')
}

async function noteRefusal(context: RotationContext, { is, error }: Refusal): Promise<void> {
  const { state, save } = context
  if (state.staged === undefined) return
  const { keyHash } = state.staged
  if (is === 'tainted') {
    const isDropped = await dropCertifiedKey(context, keyHash, taintedReason)
    const next = isDropped ? 'another key is made' : 'another key is made when this one has waited'
    throw new MayflyError('answer-invalid', `${error.message}; ${next}`)
  }
  const refusals = state.staged.refusals + 1
  // An expired one will not become better: the host was away while it lived.
  const isSpent = error.code === 'certificate-expired' || refusals >= refusalsMax
  if (isSpent && (await dropCertifiedKey(context, keyHash, error.message))) return
  await save({ ...state, staged: { ...state.staged, refusals } })
}

import { isMayflyError, MayflyError } from '@mayfly/ca-core'
import type { LineageState } from '../../state/lineage-state.ts'
import { clearSetback, type Setbacks } from '../../state/setback.ts'
import { checkCertificate } from '../check-certificate.ts'
import { refusalsMax } from '../pace.ts'
import { expectedNames, type RotationContext } from '../rotation-context.ts'
import { isUnderTainted } from '../under-tainted.ts'
import { dropCertifiedKey } from './drop-key.ts'

/**
 * Takes a certificate for the staged key as the candidate, if it is what it should be.
 * A key for which only wrong ones come is given up, so that a fault at one place of the issuer ends by itself. Where
 * others were given up not long ago it is kept, and asked for again: that costs no certificate.
 * Gives back the state that it saved.
 */
export async function acceptCertificate(context: RotationContext, chainPem: string): Promise<LineageState> {
  const { ports, subject, state, held, save } = context
  const { staged, ...rest } = state
  if (staged === undefined) throw new TypeError('there is no staged key that a certificate could be for')
  if (isUnderTainted(chainPem, held)) return refuseTainted(context, staged.keyHash)
  try {
    const candidate = checkCertificate(chainPem, {
      keyPem: staged.keyPem,
      keyHash: staged.keyHash,
      profile: state.profile,
      names: expectedNames(subject, state),
      bundle: held.bundle,
      now: ports.clock.now(),
      before: state.head,
    })
    const accepted = await save({ ...rest, candidate, setbacks: withoutOlder(state.setbacks) })
    ports.tell({ event: 'received', serial: candidate.serial, notAfter: candidate.notAfter })
    return accepted
  } catch (error) {
    await noteRefusal(context, error)
    throw error
  }
}

/** It was minted before its intermediate was tainted. A key gets one certificate, so this one is of no use any more. */
async function refuseTainted(context: RotationContext, keyHash: string): Promise<never> {
  const reason = 'its certificate is of an intermediate that the issuer has tainted since'
  const isDropped = await dropCertifiedKey(context, keyHash, reason)
  const next = isDropped ? 'another key is made' : 'another key is made when this one has waited'
  throw new MayflyError('answer-invalid', `the issuer's answer is refused: ${reason}; ${next}`)
}

/** A new certificate ends what asking for it had met, and is no heir to the trouble of the candidate before. */
function withoutOlder(setbacks: Setbacks): Setbacks {
  return clearSetback(clearSetback(clearSetback(setbacks, 'install'), 'fetch'), 'ask')
}

async function noteRefusal(context: RotationContext, error: unknown): Promise<void> {
  const { state, save } = context
  if (!isMayflyError(error) || state.staged === undefined) return
  const refusals = state.staged.refusals + 1
  // An expired one will not become better: the host was away while it lived.
  const isSpent = error.code === 'certificate-expired' || refusals >= refusalsMax
  if (isSpent && (await dropCertifiedKey(context, state.staged.keyHash, error.message))) return
  await save({ ...state, staged: { ...state.staged, refusals } })
}

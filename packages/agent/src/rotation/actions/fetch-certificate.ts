import { addSeconds, backoff } from '@mayfly/ca-core'
import type { Credential } from '../../state/credential.ts'
import { askIssuers } from '../ask-issuers.ts'
import { paceOf } from '../pace.ts'
import { issuerUrls, type RotationContext } from '../rotation-context.ts'
import { acceptCertificate, type CertificateReview, reviewCertificates } from './accept-certificate.ts'
import { requestAtOnce } from './request-certificate.ts'

type Found =
  | { readonly is: 'good'; readonly credential: Credential; readonly issuerUrl: string }
  | { readonly is: 'not-minted'; readonly afterSeconds: number | undefined }

/** Looks whether the staged key has its certificate; if not yet, looks again when the issuer says. */
export async function fetchCertificate(context: RotationContext): Promise<void> {
  const { ports, subject, state } = context
  const { staged } = state
  if (staged === undefined) throw new TypeError('there is no staged key to fetch a certificate for')
  const review = reviewCertificates(context)
  const found = await askIssuers(issuerUrls(subject, state), (url) => findAt(context, url, review)).catch(
    (error: unknown) => review.fail(error),
  )
  if (found.is === 'not-minted') return lookLater(context, found.afterSeconds)
  ports.trace.step('fetched', { certificate: subject.name, keyHash: staged.keyHash })
  await acceptCertificate({ ...context, state: review.noted(state) }, found.credential, found.issuerUrl)
}

/**
 * The certificate that the issuer at `issuerUrl` has for the staged key. Where one before it had a wrong one, it is asked
 * for its own, at once: it may not know the key, and asking is safe to repeat.
 */
async function findAt(
  context: RotationContext,
  issuerUrl: string,
  review: CertificateReview,
): Promise<Found> {
  const { ports, state, held } = context
  if (review.hasRefused()) {
    const { chain } = await requestAtOnce(context, issuerUrl)
    return { is: 'good', credential: await review.examine({ issuerUrl, chainPem: chain }), issuerUrl }
  }
  const answer = await ports.issuer.certificate(issuerUrl, state.staged?.keyHash ?? '', held.bundle)
  if (answer.is === 'not-minted') return answer
  const credential = await review.examine({ issuerUrl, chainPem: answer.chainPem })
  return { is: 'good', credential, issuerUrl }
}

async function lookLater(
  { ports, state, save }: RotationContext,
  afterSeconds: number | undefined,
): Promise<void> {
  const { staged } = state
  if (staged?.promise === undefined) return
  const { backoffBaseSeconds: baseSeconds, backoffCapSeconds: capSeconds } = paceOf(state.head)
  const waitSeconds = Math.min(afterSeconds ?? baseSeconds, capSeconds)
  const jitterSeconds = backoff({ attempt: 0, random: ports.random, baseSeconds, capSeconds })
  const fetchAt = addSeconds(ports.clock.now(), waitSeconds + jitterSeconds)
  await save({ ...state, staged: { ...staged, promise: { ...staged.promise, fetchAt } } })
}

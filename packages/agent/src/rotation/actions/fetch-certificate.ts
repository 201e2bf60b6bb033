import { addSeconds, backoff } from '@mayfly/ca-core'
import { askIssuers } from '../ask-issuers.ts'
import { paceOf } from '../pace.ts'
import { issuerUrls, type RotationContext } from '../rotation-context.ts'
import { acceptCertificate } from './accept-certificate.ts'

/** Looks whether the staged key has its certificate; if not yet, looks again when the issuer says. */
export async function fetchCertificate(context: RotationContext): Promise<void> {
  const { ports, subject, state, held } = context
  const staged = state.staged
  if (staged === undefined) throw new TypeError('there is no staged key to fetch a certificate for')
  const answer = await askIssuers(issuerUrls(subject, state), (url) =>
    ports.issuer.certificate(url, staged.keyHash, held.bundle),
  )
  if (answer.is === 'not-minted') return lookLater(context, answer.afterSeconds)
  ports.trace.step('fetched', { certificate: subject.name, keyHash: staged.keyHash })
  await acceptCertificate(context, answer.chainPem)
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

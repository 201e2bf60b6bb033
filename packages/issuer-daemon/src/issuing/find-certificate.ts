import { chainPem } from './issued-answer.ts'
import type { IssuerPorts } from './issuer-ports.ts'

/** The chain for a key, leaf first, once it is minted; nothing for an identity that was suspended since. */
export async function findCertificate(
  keyHash: string,
  { store }: Pick<IssuerPorts, 'store'>,
): Promise<{ readonly chainPem: string } | undefined> {
  const certificate = await store.certificate({ keyHash })
  if (certificate === undefined) return undefined
  const identity = await store.identity({ id: certificate.issuance.identityId })
  if (identity === undefined || identity.suspension !== undefined) return undefined
  return { chainPem: chainPem(certificate) }
}

import { signatureAlgorithmOf } from '../keys/key-algorithms.ts'
import { verifySignature } from '../keys/signature.ts'
import type { Certificate } from './certificate.ts'

/**
 * Whether `issuer`'s key made the signature of `certificate`, with the one algorithm of its key type,
 * and `certificate` names it as its issuer. Nothing else is looked at: see `verifyChain`.
 */
export function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  const algorithm = signatureAlgorithmOf(issuer.publicKey.type)
  return (
    Buffer.compare(certificate.issuerDer, issuer.subjectDer) === 0 &&
    Buffer.compare(certificate.signatureAlgorithm, algorithm) === 0 &&
    verifySignature(issuer.publicKey, certificate.tbs, certificate.signature)
  )
}

import { encodePem, formatInstant, type IssuedAnswer } from '@mayfly/ca-core'
import type { NewCertificate } from '../store/issuance-record.ts'

/** A certificate as the store will give it and as its holder gets it. */
export interface MintedCertificate extends NewCertificate {
  readonly generation: number
}

/** The answer for a certificate: the same at every asking, but for the bundle's number. */
export function issuedAnswer(certificate: MintedCertificate, bundleSequence: number): IssuedAnswer {
  const { serial, generation, notAfter, renewAt } = certificate
  return {
    status: 'issued',
    serial,
    generation,
    chain: chainPem(certificate),
    notAfter: formatInstant(notAfter),
    renewAt: formatInstant(renewAt),
    bundleSequence,
  }
}

/** PEM: the leaf, then its intermediate. */
export function chainPem({ der, chain }: Pick<NewCertificate, 'der' | 'chain'>): string {
  return encodePem('CERTIFICATE', der) + chain.pem
}

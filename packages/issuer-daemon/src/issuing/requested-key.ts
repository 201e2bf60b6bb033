import {
  type CertificateRequest,
  decodeBase64url,
  formatName,
  inlineVerifier,
  type KeyType,
  type Name,
  namesOutside,
  parseCertificateRequestWith,
  parseName,
  type Verifier,
} from '@mayfly/ca-core'
import type { IdentityRecord } from '../store/identity-record.ts'
import type { Policy } from './policy.ts'
import { type Refusal, refuse } from './refusal.ts'

/** What is taken from a certificate request: the key. The names are only compared with the policy. */
export interface RequestedKey {
  readonly spki: Uint8Array
  readonly keyHash: string
  readonly keyType: KeyType
  readonly commonName?: string
  readonly names: readonly Name[]
}

/** @throws MayflyError `csr-invalid`, `proof-of-possession-failed`, `key-weak`, `key-type-unsupported` */
export async function readRequestedKey(
  csr: string,
  { verifier = inlineVerifier }: { readonly verifier?: Verifier },
): Promise<{ request: CertificateRequest; requested: RequestedKey }> {
  const request = await parseCertificateRequestWith(verifier, decodeBase64url(csr))
  const { publicKey, commonName, names } = request
  const requested = { spki: publicKey.spki, keyHash: publicKey.hash, keyType: publicKey.type, names }
  return { request, requested: commonName === undefined ? requested : { ...requested, commonName } }
}

/**
 * What every way to a certificate checks of the key and the names, whoever asks: the one place, so that no
 * way can leave it out.
 */
export function checkRequestedKey(
  identity: IdentityRecord,
  requested: RequestedKey,
  policy: Pick<Policy, 'keyTypes'>,
): Refusal | undefined {
  if (!policy.keyTypes.includes(requested.keyType)) {
    return refuse(
      'key-type-unsupported',
      `Keys of type ${requested.keyType} are not certified here; use one of: ${policy.keyTypes.join(', ')}.`,
    )
  }
  const allowed = identity.names.map(parseName)
  const outside = namesOutside(requested.names, allowed).map(formatName)
  if (outside.length > 0) return namesNotAllowed(identity.name, outside)
  const { commonName } = requested
  const fits = commonName === undefined || commonName === identity.name
  if (!fits && !allowed.some(({ value }) => value === commonName)) {
    return namesNotAllowed(identity.name, [`CN=${commonName}`])
  }
  return undefined
}

function namesNotAllowed(identity: string, names: readonly string[]): Refusal {
  return refuse(
    'names-not-allowed',
    `The identity ${identity} may not have ${names.join(', ')}; ask without names, or change the identity.`,
    { details: { names } },
  )
}

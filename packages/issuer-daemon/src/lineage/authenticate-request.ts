import {
  isMayflyError,
  keyOfOwnCertificate,
  MayflyError,
  type NamedSigner,
  readSignedRequest,
  sha256Hex,
  verifySignedRequest,
} from '@mayfly/ca-core'
import type { LineageContext, SecurityContext } from '../issuing/security-context.ts'
import type { CertificateRecord } from '../store/issuance-record.ts'
import type { Store } from '../store/store.ts'
import { type ForgottenPorts, takeUpForgotten } from './take-up-forgotten.ts'

/**
 * Says which certificate's key signed a request, after the store's own copy of it. Rejects nobody: what does not
 * hold comes back as `failed`. Errors of the store pass, as they say nothing about the caller.
 *
 * @param url the one that the request must have been signed for; never taken from the request
 */
export async function authenticateRequest(
  jws: unknown,
  url: string,
  ports: ForgottenPorts,
): Promise<SecurityContext> {
  try {
    return await verifySigner(jws, url, ports)
  } catch (error) {
    if (!isMayflyError(error) || error.code.startsWith('store-')) throw error
    return { kind: 'failed', error }
  }
}

async function verifySigner(jws: unknown, url: string, ports: ForgottenPorts): Promise<LineageContext> {
  const { store, clock, verifier } = ports
  const request = readSignedRequest(jws)
  const { signer: named, issuedAt, jti } = request.header
  const find = () => findSigner(named, store)
  let signer = await find()
  if (signer === undefined && (await takeUpForgotten(jws, named, url, ports))) {
    signer = await find()
  }
  const identity = signer && (await store.identity({ id: signer.issuance.identityId }))
  if (signer === undefined || identity === undefined) {
    throw new MayflyError(
      'lineage-unknown',
      `No certificate with the fingerprint ${named.fingerprint} is known here; enrol with a new token.`,
      { details: { fingerprint: named.fingerprint } },
    )
  }
  const publicKey = keyOfOwnCertificate(signer.der)
  const asked = { publicKey, url, now: clock.now(), ...(verifier && { verifier }) }
  const body = await verifySignedRequest(request, asked)
  const { lineage, generation } = signer.issuance
  return {
    kind: 'lineage',
    identity: identity.name,
    identityId: identity.id,
    found: identity,
    lineage,
    generation,
    signer,
    issuedAt,
    jti,
    body,
  }
}

/** By its serial; it is the one that is named only if the hash of its DER is the one that is named. */
async function findSigner(
  { serial, fingerprint }: NamedSigner,
  store: Store,
): Promise<CertificateRecord | undefined> {
  const found = await store.certificate({ serial })
  return found !== undefined && sha256Hex(found.der) === fingerprint ? found : undefined
}

import { parseCertificateChain, parsePrivateKey, type TrustBundle } from '@mayfly/ca-core'
import type { Material } from '../formats/material.ts'
import type { Credential } from '../state/credential.ts'
import type { LineageState } from '../state/lineage-state.ts'
import type { Holder } from './rotation-action.ts'

/** The certificate that an action is about. */
export function credentialOf(state: LineageState, holder: Holder): Credential {
  const credential = holder === 'candidate' ? state.candidate : state.head
  if (credential === undefined) throw new TypeError('there is no candidate')
  return credential
}

/** Parsed once for each certificate: the live files are compared with it every minute. */
const parsed = new WeakMap<Credential, Omit<Material, 'bundle'>>()

/** What a generation is made from. */
export function materialOf(credential: Credential, bundle: TrustBundle): Material {
  const known = parsed.get(credential) ?? {
    chain: parseCertificateChain(credential.chainPem),
    chainPem: credential.chainPem,
    keyPair: parsePrivateKey(credential.keyPem),
  }
  parsed.set(credential, known)
  return { ...known, bundle }
}

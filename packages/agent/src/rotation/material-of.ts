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

/** What a generation is made from. */
export function materialOf(credential: Credential, bundle: TrustBundle): Material {
  return {
    chain: parseCertificateChain(credential.chainPem),
    chainPem: credential.chainPem,
    keyPair: parsePrivateKey(credential.keyPem),
    bundle,
  }
}

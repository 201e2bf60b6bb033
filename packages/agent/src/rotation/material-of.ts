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

/** A certificate with its chain and its key, read. */
export type OpenCredential = Omit<Material, 'bundle'>

const opened = new WeakMap<Credential, OpenCredential>()

/** Read once for each certificate: the live files are compared with it every minute, and every request is signed by it. */
export function openCredential(credential: Credential): OpenCredential {
  const known = opened.get(credential) ?? {
    chain: parseCertificateChain(credential.chainPem),
    chainPem: credential.chainPem,
    keyPair: parsePrivateKey(credential.keyPem),
  }
  opened.set(credential, known)
  return known
}

/** What a generation is made from. */
export function materialOf(credential: Credential, bundle: TrustBundle): Material {
  return { ...openCredential(credential), bundle }
}

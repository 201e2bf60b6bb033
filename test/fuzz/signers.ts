import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Instant,
  type PublicKey,
  parsePublicKey,
  readTrustBundle,
  type TrustBundle,
} from '@mayfly/ca-core'

/** What the signed samples of the corpus were made for, so that the genuine ones verify. */
export interface Signers {
  readonly now: Instant
  readonly issuerUrl: string
  readonly requestUrl: string
  /** Of the leaf that signed the requests. */
  readonly leafKey: PublicKey
  readonly tokenKey: PublicKey
  readonly bundle: TrustBundle
}

/** The same as it is kept beside the samples: public keys in base64, the bundle as its text. */
export interface KeptSigners extends Omit<Signers, 'leafKey' | 'tokenKey' | 'bundle'> {
  readonly leafKey: string
  readonly tokenKey: string
  readonly bundle: string
}

export const signersPath: string = join(import.meta.dirname, 'corpus', 'signers.json')

export async function readSigners(): Promise<Signers> {
  const kept = JSON.parse(await readFile(signersPath, 'utf8')) as KeptSigners
  const keyOf = (base64: string): PublicKey => parsePublicKey(Buffer.from(base64, 'base64'))
  const { bundle } = await readTrustBundle(kept.bundle)
  return { ...kept, leafKey: keyOf(kept.leafKey), tokenKey: keyOf(kept.tokenKey), bundle }
}

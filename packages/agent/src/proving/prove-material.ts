import {
  type ErrorCode,
  type Instant,
  MayflyError,
  type Name,
  type ProfileName,
  verifyChain,
} from '@mayfly/ca-core'
import { leafOf } from '../formats/leaf.ts'
import type { Material } from '../formats/material.ts'
import type { Handshake } from './handshake.ts'
import { purposesOf } from './purposes.ts'
import { tlsHandshake } from './tls-handshake.ts'

export interface Expectation {
  /** Every one must be in the certificate's SAN; its subject is not asked. */
  readonly names: readonly Name[]
  readonly profile: ProfileName
  readonly now: Instant
  /** Defaults to a real one; simulated time has to leave it out, because OpenSSL reads the real clock. */
  readonly handshake?: Handshake
}

/**
 * Proves new material before anything of a server is touched: the key is the certificate's, the chain
 * ends in the bundle and is not distrusted, it is valid now and for what it is needed, it carries the
 * names, and OpenSSL, which servers use too, completes a handshake with it in each of its roles.
 *
 * Throws `prove-failed`; `details.because` is the code of what failed.
 */
export async function proveMaterial(material: Material, expectation: Expectation): Promise<void> {
  proveKey(material)
  for (const purpose of purposesOf(expectation.profile)) proveChain(material, expectation, purpose)
  const handshake = expectation.handshake ?? tlsHandshake
  try {
    await handshake(material, expectation.profile)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw failure(material, 'chain-untrusted', `a TLS handshake with it fails: ${reason}`, cause)
  }
}

function proveKey(material: Material): void {
  if (leafOf(material).publicKey.hash === material.keyPair.publicKey.hash) return
  throw failure(material, 'key-mismatch', 'it is for another key than ours')
}

function proveChain(material: Material, { names, now }: Expectation, purpose: 'server' | 'client'): void {
  const { chain, bundle } = material
  const verdict = verifyChain({
    chain,
    roots: bundle.roots,
    distrusted: bundle.distrusted,
    now,
    purpose,
    names,
  })
  if (!verdict.ok) throw failure(material, verdict.code, verdict.reason)
}

function failure({ chain }: Material, because: ErrorCode, reason: string, cause?: unknown): MayflyError {
  const serial = leafOf({ chain }).serial
  return new MayflyError(
    'prove-failed',
    `The certificate ${serial} was not installed: ${reason.replace(/\.$/, '')}. The one in use stays.`,
    { details: { because, serial }, cause },
  )
}

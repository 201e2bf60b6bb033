import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createCertificateRequest,
  createRoot,
  drawSerial,
  encodeCertificateChain,
  encodePrivateKey,
  generateKeyPair,
  keySigner,
  type ProfileName,
  parseCertificate,
  parseCertificateRequest,
  parseNames,
  prepareIssuing,
  signIntermediate,
} from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'

export interface ForeignLeaf {
  readonly profile: ProfileName
  /** As `parseName` reads them. */
  readonly names: readonly string[]
}

/**
 * Makes a certificate by the same rules but under another root, and writes it as `fullchain.pem` and
 * `key.pem` into `folder`: what somebody with a Mayfly of their own could show.
 */
export async function writeForeignCertificate(folder: string, leaf: ForeignLeaf): Promise<void> {
  const now = systemClock.now()
  const random = systemRandom
  const rootKey = await generateKeyPair('ec-p256')
  const certificate = await createRoot({ keyPair: rootKey, commonName: 'Another Root', now, random })
  const keyPair = await generateKeyPair('ec-p256')
  const request = parseCertificateRequest(await createCertificateRequest({ keyPair }))
  const intermediate = await signIntermediate({
    root: { certificate, signer: keySigner(rootKey) },
    request,
    now,
    random,
  })
  const authority = { certificate: intermediate, chain: [intermediate], signer: keySigner(keyPair) }
  const { plan, issue } = await prepareIssuing({ authority, profile: leaf.profile })
  const leafKey = await generateKeyPair('ec-p256')
  const issued = await issue(
    plan({
      identity: { name: 'stranger', names: parseNames(leaf.names) },
      publicKey: leafKey.publicKey,
      serial: drawSerial(random, now),
      now,
      lifetimeSeconds: 3_600,
    }),
  )
  const chain = encodeCertificateChain([parseCertificate(issued.der), intermediate])
  await writeFile(join(folder, 'key.pem'), encodePrivateKey(leafKey), { mode: 0o600 })
  await writeFile(join(folder, 'fullchain.pem'), chain)
}

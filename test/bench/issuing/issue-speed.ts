import { type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import {
  createCertificateRequest,
  drawSerial,
  generateKeyPair,
  type KeyType,
  keyTypes,
  parseCertificateRequest,
  parseNames,
  prepareIssuing,
} from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { createTestAuthority } from '../../support/test-issuer.ts'
import { cpuCosts, type Piece } from '../cpu-cost.ts'
import type { Aim, Bench, Figure } from '../figure.ts'

/**
 * PKCS #10 bytes in, leaf DER out, on one core, against one verification and one signature by node:crypto of
 * messages as long. Leaf and authority have keys of the same type.
 *
 * The key of a request was never seen before, so the verification of the limit takes its SubjectPublicKeyInfo, as
 * it came, and opens it. `ofLimitWithOpenKeys` is against a verification whose key is open already, which no issuer
 * can have.
 */
export const issueSpeed: Bench = {
  async *run({ quick, tell }) {
    for (const keyType of keyTypes) {
      tell(keyType)
      yield* await measure(keyType, quick)
    }
  },
}

const requestCount = 16

const aims: Partial<Record<KeyType, Aim>> = {
  'ec-p256': { atLeast: 0.8 },
  'rsa-3072': { atLeast: 0.9 },
  'ml-dsa-65': { atLeast: 0.9 },
}

async function measure(keyType: KeyType, quick: boolean): Promise<Figure[]> {
  const requests = await makeRequests(keyType, requestCount)
  const { authority } = await createTestAuthority({ keyType })
  const { plan, issue } = await prepareIssuing({ authority, profile: 'server' })
  const identity = { name: 'web-1', names: parseNames(['dns:web-1.example']) }
  const limits = await limitsOf(keyType, authority.certificate.der.length)
  const costs = await cpuCosts(
    {
      ...limits,
      issue(index) {
        const { publicKey } = parseCertificateRequest(requests[index % requests.length] ?? new Uint8Array())
        const now = systemClock.now()
        const serial = drawSerial(systemRandom, now)
        return issue(plan({ identity, publicKey, serial, now, lifetimeSeconds: 86_400 }))
      },
    },
    quick ? 5 : 15,
  )
  const aim = aims[keyType]
  return [
    {
      name: `issue.${keyType}.ofLimit`,
      value: costs.limit / costs.issue,
      unit: 'ratio',
      ...(aim && { aim }),
    },
    { name: `issue.${keyType}.ofLimitWithOpenKeys`, value: costs.openLimit / costs.issue, unit: 'ratio' },
    { name: `issue.${keyType}.perSecond`, value: 1e6 / costs.issue, unit: 'per second of one core' },
  ]
}

async function makeRequests(keyType: KeyType, count: number): Promise<Uint8Array[]> {
  const keyPairs = Array.from({ length: count }, () => generateKeyPair(keyType))
  return Promise.all(keyPairs.map(async (keyPair) => createCertificateRequest({ keyPair: await keyPair })))
}

async function limitsOf(
  keyType: KeyType,
  messageBytes: number,
): Promise<Record<'limit' | 'openLimit', Piece>> {
  const { privateKey, publicKey } = await generateKeyPair(keyType)
  const digest = digests[keyType] ?? null
  const message = randomBytes(messageBytes)
  const signature = sign(digest, message, privateKey)
  const asItCame = { key: Buffer.from(publicKey.spki), format: 'der', type: 'spki' } as const
  const openKey = publicKey.key
  const limitWith = (key: typeof asItCame | KeyObject) => () => {
    verify(digest, message, key, signature)
    sign(digest, message, privateKey)
  }
  return { limit: limitWith(asItCame), openLimit: limitWith(openKey) }
}

/** Of the key types whose signatures do not bring their own. */
const digests: Partial<Record<KeyType, string>> = {
  'ec-p256': 'sha256',
  'ec-p384': 'sha384',
  'rsa-3072': 'sha256',
  'rsa-4096': 'sha256',
}

import { keyUsages } from '@mayfly/ca-core'
import * as z from 'zod'
import { count, errorCode, keyType, listOf, profile, serial, sha256, time } from '../json/json-fields.ts'

export const certificateJson = z.strictObject({
  type: z.literal('certificate'),
  kind: z.enum(['root', 'intermediate', 'leaf']),
  subject: z.string(),
  issuer: z.string(),
  serial,
  sha256,
  keyType,
  keySha256: sha256,
  notBefore: time,
  notAfter: time,
  lifeSeconds: z.number(),
  validity: z.string().describe('In words, such as `valid for 11h 59m`.'),
  names: listOf(z.string()),
  keyUsage: listOf(z.enum(keyUsages)),
  extendedKeyUsage: listOf(z.string()),
  pathLength: count.exactOptional(),
  permitted: listOf(z.string()).exactOptional(),
  excluded: listOf(z.string()).exactOptional(),
  findings: listOf(z.string()).describe('Where it is outside its profile.'),
})

const foreignCertificate = z
  .strictObject({ type: z.literal('foreign-certificate'), text: z.string() })
  .describe('One that Mayfly would not have made, as text.')

const chain = {
  certificates: listOf(z.discriminatedUnion('type', [certificateJson, foreignCertificate])),
  trust: z
    .discriminatedUnion('ok', [
      z.strictObject({ ok: z.literal(true) }),
      z.strictObject({ ok: z.literal(false), code: errorCode, reason: z.string() }),
    ])
    .exactOptional()
    .describe('With `--bundle`.'),
}

export const chainJson = z.strictObject(chain).describe('Certificates in a file.')

export const serverJson = z
  .strictObject({
    type: z.literal('server'),
    host: z.string(),
    serverName: z.string(),
    protocol: z.string(),
    cipher: z.string(),
    ...chain,
  })
  .describe('A server, by its URL.')

export const requestJson = z
  .strictObject({
    type: z.literal('request'),
    commonName: z.string().exactOptional(),
    names: listOf(z.string()),
    keyType,
    keySha256: sha256,
  })
  .describe('A certificate request.')

export const bundleJson = z
  .strictObject({
    type: z.literal('bundle'),
    verified: z.literal(false),
    sequence: count,
    trustDomain: z.string(),
    signer: sha256.describe('The root that says to have signed it.'),
    signedAt: time,
    roots: listOf(z.strictObject({ subject: z.string(), sha256, notAfter: time })),
    distrusted: listOf(sha256),
  })
  .describe('A trust bundle.')

export const tokenJson = z
  .strictObject({
    type: z.literal('token'),
    verified: z.literal(false),
    issuerUrl: z.string(),
    rootSha256: sha256,
    identity: z.string(),
    profile,
    names: listOf(z.string()),
    jti: z.string(),
    issuedAt: time,
    expiresAt: time,
    state: z.enum(['expired', 'not expired']),
  })
  .describe('An enrolment token.')

export const privateKeyJson = z
  .strictObject({ type: z.literal('private-key'), encrypted: z.boolean() })
  .describe('A private key, of which nothing is shown.')

/** Of `inspect`, by what is looked at. */
export const inspectJson = z.union([
  chainJson,
  serverJson,
  requestJson,
  bundleJson,
  tokenJson,
  privateKeyJson,
])

import * as z from 'zod'
import { type FlattenedJws, flattenedJwsSchema } from '../jws/flattened-jws.ts'
import { isSignedBySigner, signerJwsAlgorithmOf, signWithSigner } from '../jws/signer-jws.ts'
import { countSchema, sha256HexSchema } from '../messages/field-schemas.ts'
import { readJsonBytes } from '../messages/read-json.ts'
import type { Signer } from '../ports/signer.ts'
import { type Instant, secondMs } from '../time/instant.ts'
import { trustDomainSchema } from '../trust/bundle-payload.ts'
import type { Certificate } from '../x509/certificate.ts'

/** The end of an issuer's history at some time: a rewritten or shortened one does not have it. */
export interface AuditHead {
  /** Of the newest record, from 1. */
  readonly number: number
  /** Its place in the chain, SHA-256 in hex. */
  readonly hash: string
  readonly at: Instant
  readonly trustDomain: string
}

/** The `typ` of a signed head's header. */
export const auditHeadType = 'mayfly-audit-head'

/** The four members, with the longest trust domain, as base64url. */
const payloadCharactersMax = 1_024

/** A signed head, as it travels. */
export const signedAuditHeadSchema: z.ZodType<FlattenedJws> = flattenedJwsSchema(payloadCharactersMax)

const headSchema: z.ZodType<AuditHead> = z.strictObject({
  number: countSchema,
  hash: sha256HexSchema,
  at: z.int().min(0),
  trustDomain: trustDomainSchema,
})

const headerSchema = z.strictObject({
  typ: z.literal(auditHeadType),
  alg: z.string().max(32),
  'x5t#S256': z.base64url().length(43),
  iat: z.int().min(0),
})

/** Signs a head with the key of the authority whose certificate is given. */
export async function signAuditHead(
  head: AuditHead,
  { certificate, signer }: { readonly certificate: Certificate; readonly signer: Signer },
): Promise<FlattenedJws> {
  const header = {
    typ: auditHeadType,
    'x5t#S256': Buffer.from(certificate.fingerprint, 'hex').toString('base64url'),
    iat: Math.floor(head.at / secondMs),
  }
  const jws = await signWithSigner(Buffer.from(JSON.stringify(head)), header, signer)
  remember(jws, { head, signer: certificate.fingerprint })
  return jws
}

/** What a signed head says, and whose key it says signed it. */
export interface ReadAuditHead {
  readonly head: AuditHead
  /** SHA-256 in hex of the authority's certificate. */
  readonly signer: string
}

/** Reads a head, unverified; `undefined` where it is none. */
export function readAuditHead(jws: FlattenedJws): ReadAuditHead | undefined {
  const known = readLately.get(textOf(jws))
  if (known !== undefined) return known
  const read = readOnce(jws)
  if (read !== undefined) remember(jws, read)
  return read
}

/**
 * The heads that were read latest, by what is signed. A host compares the one that it holds with every one that it is
 * given; an issuer is shown the same few by all its hosts.
 */
const readLately = new Map<string, ReadAuditHead>()
const readLatelyMax = 256

function remember(jws: FlattenedJws, read: ReadAuditHead): void {
  if (readLately.size >= readLatelyMax) readLately.clear()
  readLately.set(textOf(jws), read)
}

function textOf(jws: FlattenedJws): string {
  return `${jws.protected}.${jws.payload}`
}

function readOnce(jws: FlattenedJws): ReadAuditHead | undefined {
  const header = headerSchema.safeParse(parse(jws.protected))
  const head = headSchema.safeParse(parse(jws.payload))
  if (!header.success || !head.success) return undefined
  return { head: head.data, signer: Buffer.from(header.data['x5t#S256'], 'base64url').toString('hex') }
}

/** The head, if the authority with this certificate signed it. */
export function verifyAuditHead(jws: FlattenedJws, certificate: Certificate): AuditHead | undefined {
  const read = readAuditHead(jws)
  if (read?.signer !== certificate.fingerprint) return undefined
  const { alg } = parse(jws.protected) as { alg: string }
  // RFC 8725 3.1: the key decides on the algorithm.
  if (alg !== signerJwsAlgorithmOf(certificate.publicKey.type)) return undefined
  return isSignedBySigner(jws, certificate.publicKey) ? read.head : undefined
}

function parse(part: string): unknown {
  const reading = readJsonBytes(Buffer.from(part, 'base64url'))
  return reading.is === 'read' ? reading.value : undefined
}

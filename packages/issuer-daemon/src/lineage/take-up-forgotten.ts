import {
  addSeconds,
  backdateSeconds,
  type Certificate,
  decodeBase64url,
  drawRenewAt,
  type Instant,
  introductionSchema,
  isMayflyError,
  isSignedBy,
  isSpiffeName,
  MayflyError,
  type NamedSigner,
  namesOutside,
  parseCertificate,
  parseName,
  parseRequestJws,
  profiles,
  svidExtendedKeyUsage,
  verifyRequest,
} from '@mayfly/ca-core'
import type { AuditRecord } from '../audit/audit-record.ts'
import { forgottenAcceptedNote, type RestoredNote, restoredNote } from '../backup/restore-notes.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { IdentityRecord } from '../store/identity-record.ts'

/** Clocks of issuers that shared a store agree to within this. */
const clockSkewSeconds = 300

export type ForgottenPorts = Pick<
  IssuerPorts,
  'store' | 'clock' | 'random' | 'authority' | 'policy' | 'verifier'
>

/** What a request for a forgotten lineage is judged by. */
export interface ForgottenState {
  readonly authority: Certificate
  readonly restored: RestoredNote
  readonly identity: IdentityRecord | undefined
}

/**
 * Takes up a lineage that a restored store forgot: the certificate that asks was issued after the backup, by our own
 * authority, and has not expired; and a person has said that such certificates may be taken up. It begins a new
 * lineage of its identity. Resolves to whether that came about.
 *
 * Once for each identity: a second one, or one beside a host that the store knows, may be a copy, and needs a token.
 */
export async function takeUpForgotten(
  jws: unknown,
  named: NamedSigner,
  url: string,
  ports: ForgottenPorts,
): Promise<boolean> {
  const { store, clock } = ports
  const restoredText = await store.note(restoredNote)
  if (restoredText === undefined || (await store.note(forgottenAcceptedNote)) === undefined) return false
  const shown = readIntroduction(jws)
  if (shown === undefined) return false
  const { certificate } = shown
  if (certificate.fingerprint !== named.fingerprint || certificate.serial !== named.serial) return false
  const identity = await store.identity({ name: shown.identity })
  const restored = JSON.parse(restoredText) as RestoredNote
  const state = { authority: ports.authority().authority.certificate, restored, identity }
  const refusal = refuseForgotten(certificate, state, clock.now())
  if (refusal !== undefined || identity === undefined) return false
  // The key is the certificate's, which our authority signed; whoever signed the request holds it.
  await verifyRequest(jws, { publicKey: certificate.publicKey, url, now: clock.now() })
  return record(certificate, identity, ports)
}

/** Why a certificate may not begin a lineage again; `undefined` where it may. */
export function refuseForgotten(
  certificate: Certificate,
  { authority, restored, identity }: ForgottenState,
  now: Instant,
): string | undefined {
  const issuedAt = addSeconds(certificate.notBefore, backdateSeconds)
  const backupAt = addSeconds(Date.parse(restored.backupAt), -clockSkewSeconds)
  const restoredAt = Date.parse(restored.restoredAt)
  if (certificate.isCa || !isSignedBy(certificate, authority)) return 'not of our authority'
  if (now < certificate.notBefore || now >= certificate.notAfter) return 'expired'
  if (issuedAt < backupAt || issuedAt > addSeconds(restoredAt, clockSkewSeconds)) return 'not forgotten'
  if (identity === undefined) return 'identity unknown'
  if (identity.suspension !== undefined) return 'identity suspended'
  const names = identity.names.map(parseName)
  if (namesOutside(certificate.names, names).length + namesOutside(names, certificate.names).length > 0) {
    return 'other names'
  }
  if (!isFor(certificate, identity)) return 'another profile'
  if (identity.seen !== undefined && identity.seen.at >= restoredAt) return 'identity is in use'
  return undefined
}

function isFor({ extendedKeyUsage, names }: Certificate, { profile }: IdentityRecord): boolean {
  const wanted = names.some(isSpiffeName) ? svidExtendedKeyUsage : profiles[profile].extendedKeyUsage
  return (
    extendedKeyUsage.length === wanted.length && wanted.every((usage) => extendedKeyUsage.includes(usage))
  )
}

/** What the request shows, read before anything about it was verified. */
function readIntroduction(jws: unknown): { identity: string; certificate: Certificate } | undefined {
  try {
    const { payload } = parseRequestJws(jws)
    const body = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { introduction?: unknown }
    const shown = introductionSchema.safeParse(body.introduction)
    if (!shown.success) return undefined
    const { identity, certificate } = shown.data
    return { identity, certificate: parseCertificate(decodeBase64url(certificate)) }
  } catch (error) {
    if (isMayflyError(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** As if it was issued just now: an intent and its certificate, in one change. The serial stays used for ever. */
async function record(
  certificate: Certificate,
  identity: IdentityRecord,
  { store, clock, random, authority, policy }: ForgottenPorts,
): Promise<boolean> {
  const at = clock.now()
  const { serial, notAfter, publicKey } = certificate
  const lineage = identity.lineagesBegun + 1
  const issuedAt = addSeconds(certificate.notBefore, backdateSeconds)
  const renewAt = drawRenewAt({ issuedAt, notAfter, cycleSeconds: policy.cycleSeconds, random })
  const intent = {
    serial,
    keyHash: publicKey.hash,
    identityId: identity.id,
    lineage,
    generation: 1,
    parentGeneration: 0,
    intendedAt: at,
    notAfter,
  }
  const [outcome] = await store.commit([
    {
      at,
      parts: [
        {
          do: 'move-identity',
          next: { ...identity, lineagesBegun: lineage, seen: { at, address: 'restored' } },
        },
        { do: 'intend', intent },
        { do: 'record', certificate: { ...certificate, renewAt, chain: authority().chain }, at },
        { do: 'append-audit', record: recordOf(certificate, identity, at) },
      ],
    },
  ])
  if (outcome?.done === false && outcome.refused === 'clock-behind') {
    throw new MayflyError('clock-wrong', "The issuer's clock is behind what its store has seen.")
  }
  return outcome?.done === true
}

function recordOf({ serial, fingerprint }: Certificate, { name }: IdentityRecord, at: Instant): AuditRecord {
  return {
    at,
    requestId: `forgotten-${serial}`,
    action: 'lineage.take-up',
    actor: { kind: 'issuer' },
    outcome: 'done',
    reason: 'store-restored',
    identity: name,
    generation: 1,
    serial,
    details: { fingerprint },
  }
}

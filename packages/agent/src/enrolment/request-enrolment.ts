import {
  createCertificateRequest,
  type EnrolmentTokenClaims,
  encodeBase64url,
  encodePrivateKey,
  generateKeyPair,
  MayflyError,
  parseNames,
  parsePrivateKey,
  type Report,
  type TrustBundle,
} from '@mayfly/ca-core'
import type { AgentPorts } from '../agent-ports.ts'
import type { CertificateSettings } from '../configuration/certificate-settings.ts'
import { checkCertificate } from '../rotation/check-certificate.ts'
import type { BundleShelf } from '../state/bundle-shelf.ts'
import type { Credential } from '../state/credential.ts'
import type { EnrolmentRecord } from '../state/enrolment-record.ts'
import type { LineageStore } from '../state/lineage-store.ts'
import type { IssuerClient } from '../transport/issuer-client.ts'
import { agentVersion } from '../version.ts'

export interface EnrolmentContext {
  readonly ports: AgentPorts
  readonly issuer: IssuerClient
  readonly shelf: BundleShelf
  readonly store: LineageStore
  readonly name: string
  readonly settings: CertificateSettings
}

/**
 * Trades a token for the first certificate. Safe to repeat after a crash or a lost answer: the key is made once
 * for each token and durable before it is asked for, and the same key gets the same answer. Where the token has
 * begun the lineage that this host has, it gives back what the lineage holds, and asks for nothing.
 */
export async function requestEnrolment(
  context: EnrolmentContext,
  token: string,
  claims: EnrolmentTokenClaims,
): Promise<Credential> {
  const joined = await context.store.read()
  if (joined?.jti === claims.jti && context.ports.clock.now() < claims.expiresAt) return joined.head
  const record = await beginEnrolment(context, claims)
  if (record.answered !== undefined) return record.answered
  const bundle = await findBundle(context, claims)
  const answered = await ask(context, token, record, bundle)
  await context.store.writeEnrolment({ ...record, answered })
  return answered
}

/** The enrolment under way with this token, or a new one with a new key. */
async function beginEnrolment(
  { ports, store, name, settings }: EnrolmentContext,
  claims: EnrolmentTokenClaims,
): Promise<EnrolmentRecord> {
  const before = await store.readEnrolment()
  if (before?.jti === claims.jti) return before
  const keyPair = await generateKeyPair(settings.keyType)
  const { jti, identity, profile, names, issuerUrl, rootFingerprint } = claims
  const record: EnrolmentRecord = {
    format: 1,
    certificate: name,
    ...{ jti, identity, profile, names, issuerUrl, rootFingerprint },
    keyPem: encodePrivateKey(keyPair),
    madeAt: ports.clock.now(),
  }
  await store.writeEnrolment(record)
  ports.trace.step('key.made', { certificate: name, keyHash: keyPair.publicKey.hash })
  return record
}

/**
 * The bundle that the token's fingerprint vouches for. It comes over a connection that proves nothing; its
 * signature does. The token goes out only afterwards, to a peer that this bundle trusts.
 */
async function findBundle(
  { shelf, issuer, ports }: EnrolmentContext,
  claims: EnrolmentTokenClaims,
): Promise<TrustBundle> {
  const held = await shelf.held(claims.rootFingerprint)
  if (held !== undefined) return held.bundle
  const text = await issuer.unverifiedBundle(claims.issuerUrl)
  return (await shelf.accept(claims.rootFingerprint, text, ports.clock.now())).bundle
}

async function ask(
  { ports, issuer, name, settings }: EnrolmentContext,
  token: string,
  record: EnrolmentRecord,
  bundle: TrustBundle,
): Promise<Credential> {
  const keyPair = parsePrivateKey(record.keyPem)
  const csr = await createCertificateRequest({
    keyPair,
    ...(settings.names !== undefined && { names: settings.names }),
  })
  const fields = { certificate: name, keyHash: keyPair.publicKey.hash, issuer: record.issuerUrl }
  ports.trace.step('request.sent', fields)
  const answer = await issuer.enroll(
    record.issuerUrl,
    { token, csr: encodeBase64url(csr), report: firstReport(issuer, bundle) },
    bundle,
  )
  ports.trace.step('request.answered', { ...fields, status: answer.status })
  if (answer.status !== 'issued') {
    throw new MayflyError(
      'answer-invalid',
      'the issuer put the enrolment off, which it never should; ask its operator',
    )
  }
  return checkCertificate(answer.chain, {
    keyPem: record.keyPem,
    keyHash: keyPair.publicKey.hash,
    profile: record.profile,
    names: settings.names ?? parseNames(record.names),
    bundle,
    now: ports.clock.now(),
  })
}

function firstReport(issuer: IssuerClient, bundle: TrustBundle): Report {
  return {
    version: agentVersion,
    bundleSequence: bundle.sequence,
    generation: 0,
    servedSerials: [],
    clockOffsetSeconds: issuer.clockOffsetSeconds(),
  }
}

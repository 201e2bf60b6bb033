import {
  formatFingerprint,
  formatInstant,
  formatName,
  type Instant,
  parseCertificateRequestPem,
  readEnrolmentToken,
  readTrustBundle,
} from '@mayfly/ca-core'
import { describeRequest } from '../ceremony/request-fingerprint.ts'
import type { JsonOf } from '../json/json-fields.ts'
import { type Answer, columns, heading } from '../terminal/answer.ts'
import type { bundleJson, requestJson, tokenJson } from './inspect-json.ts'

/** A request; that it can be read means that it is signed by its own key. */
export function describeRequestPem(pem: string): Answer<JsonOf<typeof requestJson>> {
  const request = parseCertificateRequestPem(pem)
  return {
    json: {
      type: 'request',
      ...(request.commonName !== undefined && { commonName: request.commonName }),
      names: request.names.map(formatName),
      keyType: request.publicKey.type,
      keySha256: request.publicKey.hash,
    },
    lines: [heading('A certificate request, signed by its own key'), ...columns(describeRequest(request))],
  }
}

/** A trust bundle, and which root says to have signed it. */
export async function describeBundle(text: string): Promise<Answer<JsonOf<typeof bundleJson>>> {
  const { bundle, signerFingerprint, signedAt } = await readTrustBundle(text)
  const { sequence, trustDomain, roots, distrusted } = bundle
  return {
    json: {
      type: 'bundle',
      verified: false,
      sequence,
      trustDomain,
      signer: signerFingerprint,
      signedAt: formatInstant(signedAt),
      roots: roots.map(({ subject, fingerprint, notAfter }) => ({
        subject,
        sha256: fingerprint,
        notAfter: formatInstant(notAfter),
      })),
      distrusted,
    },
    lines: [
      heading('A trust bundle (not verified: compare the signer with what the root box showed)'),
      ...columns([
        ['Sequence', String(sequence)],
        ['Trust domain', trustDomain],
        ['Signer', formatFingerprint(signerFingerprint)],
        ['Signed at', formatInstant(signedAt)],
        ...roots.flatMap(({ subject, fingerprint, notAfter }) => [
          ['Root', `${subject}, until ${formatInstant(notAfter)}`] as const,
          ['', formatFingerprint(fingerprint)] as const,
        ]),
        ...distrusted.map((fingerprint) => ['Distrusted', formatFingerprint(fingerprint)] as const),
      ]),
    ],
  }
}

/** What an enrolment token says, never the token itself. */
export function describeToken(text: string, now: Instant): Answer<JsonOf<typeof tokenJson>> {
  const { issuerUrl, rootFingerprint, identity, profile, names, jti, issuedAt, expiresAt } =
    readEnrolmentToken(text)
  const state = expiresAt <= now ? 'expired' : 'not expired'
  return {
    json: {
      type: 'token',
      verified: false,
      issuerUrl,
      rootSha256: rootFingerprint,
      identity,
      profile,
      names,
      jti,
      issuedAt: formatInstant(issuedAt),
      expiresAt: formatInstant(expiresAt),
      state,
    },
    lines: [
      heading('An enrolment token (only its issuer can verify it)'),
      ...columns([
        ['Issuer', issuerUrl],
        ['Root', formatFingerprint(rootFingerprint)],
        ['Identity', `${identity}, ${profile}`],
        ...names.map((name) => ['Name', name] as const),
        ['Id', jti],
        ['Made', formatInstant(issuedAt)],
        ['Expires', `${formatInstant(expiresAt)} (${state})`],
      ]),
    ],
  }
}

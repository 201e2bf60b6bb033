export * from './audit/audit-head.ts'
export { decodePem, decodePemAll, encodePem, type PemLabel, pemCharactersMax } from './der/pem.ts'
export * from './errors/error-catalogue.ts'
export * from './errors/mayfly-error.ts'
export type { Authority } from './issuing/authority.ts'
export {
  type IntermediateOptions,
  signIntermediate,
  verifyIntermediateProfile,
} from './issuing/intermediate.ts'
export { checkLeafNames, checkTrustDomain } from './issuing/leaf-names.ts'
export type { LeafOrder } from './issuing/leaf-plan.ts'
export * from './issuing/lifetimes.ts'
export { type LintFinding, type LintSubject, lint } from './issuing/lint.ts'
export * from './issuing/prepare-issuing.ts'
export {
  type Profile,
  type ProfileName,
  profileNames,
  profiles,
  svidExtendedKeyUsage,
} from './issuing/profile.ts'
export { createRoot, type RootOptions } from './issuing/root.ts'
export { drawSerial, isSerial } from './issuing/serial.ts'
export type { FlattenedJws } from './jws/flattened-jws.ts'
export * from './keys/check-signature.ts'
export * from './keys/ecdsa-signature.ts'
export { encodePublicKey, encodeRsaBits } from './keys/encode-public-key.ts'
export {
  decryptPrivateKey,
  encryptPrivateKey,
  isEncryptedPrivateKey,
  passphraseBytesMax,
} from './keys/encrypted-private-key.ts'
export * from './keys/fingerprint.ts'
export { jwsAlgorithmOf, keyAlgorithms, signatureAlgorithmOf } from './keys/key-algorithms.ts'
export * from './keys/key-pair.ts'
export * from './keys/key-reference.ts'
export * from './keys/key-type.ts'
export * from './keys/private-key.ts'
export { type PublicKey, parsePublicKey, publicKeyOf, readPublicKey } from './keys/public-key.ts'
export * from './keys/signature.ts'
export * from './messages/base64url.ts'
export * from './messages/bundle-freshness.ts'
export * from './messages/endpoints.ts'
export * from './messages/enrolment-body.ts'
export * from './messages/field-schemas.ts'
export * from './messages/issuer-answer.ts'
export * from './messages/media-types.ts'
export * from './messages/parse-message.ts'
export * from './messages/problem.ts'
export * from './messages/problem-form.ts'
export * from './messages/read-json.ts'
export * from './messages/report.ts'
export * from './messages/request-body.ts'
export * from './messages/tainted-notice.ts'
export { decodeGeneralNames, encodeGeneralNames, namesMax } from './names/general-names.ts'
export * from './names/identity-name.ts'
export * from './names/name.ts'
export * from './names/name-coverage.ts'
export { formatNameRange, type NameRange, parseNameRange, rangeHolds } from './names/name-range.ts'
export { isSpiffeId, isSpiffeName, parseTrustDomain } from './names/uri-name.ts'
export {
  type CertificateRequest,
  parseCertificateRequest,
  parseCertificateRequestPem,
  parseCertificateRequestWith,
} from './pkcs10/certificate-request.ts'
export {
  createCertificateRequest,
  type RequestContent,
  type RequestNames,
  signCertificateRequest,
} from './pkcs10/create-request.ts'
export { requestBytesMax } from './pkcs10/request-limits.ts'
export type * from './ports/clock.ts'
export type * from './ports/file-system.ts'
export type * from './ports/hsm.ts'
export type * from './ports/process-runner.ts'
export type * from './ports/random.ts'
export type * from './ports/signer.ts'
export type * from './ports/trace.ts'
export type * from './ports/verifier.ts'
export * from './renewal/backoff.ts'
export * from './renewal/draw-fraction.ts'
export * from './renewal/renew-at.ts'
export * from './renewal/renewal-window.ts'
export * from './requests/request-header.ts'
export * from './requests/sign-request.ts'
export * from './requests/verify-request.ts'
export * from './time/instant.ts'
export * from './tokens/create-enrolment-token.ts'
export {
  type EnrolmentTokenClaims,
  tokenLifetimeSecondsDefault,
  tokenLifetimeSecondsMax,
} from './tokens/token-claims.ts'
export * from './tokens/verify-enrolment-token.ts'
export { trustDomainSchema } from './trust/bundle-payload.ts'
export * from './trust/bundle-pem.ts'
export * from './trust/read-trust-bundle.ts'
export * from './trust/sign-trust-bundle.ts'
export * from './trust/trust-bundle.ts'
export * from './trust/verify-trust-bundle.ts'
export type { Certificate } from './x509/certificate.ts'
export { keyOfOwnCertificate } from './x509/certificate-key.ts'
export { isSignedBy } from './x509/certificate-signature.ts'
export { commonNameCharactersMax, fitsCommonName } from './x509/distinguished-name.ts'
export { keyUsages } from './x509/extension-values.ts'
export type { NameConstraints } from './x509/name-constraints.ts'
export { encodeCertificateChain, parseCertificate, parseCertificateChain } from './x509/parse-certificate.ts'
export { showCertificate, showCertificateRequest } from './x509/show.ts'
export { type ChainQuestion, type ChainVerdict, verifyChain } from './x509/verify-chain.ts'

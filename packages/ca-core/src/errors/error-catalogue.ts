/** Whether the same call can succeed later, and when to try. */
export type RetryAdvice = 'never' | 'backoff' | { readonly afterSeconds: number }

interface CatalogueEntry {
  /** One sentence for `docs/errors.md` and the `title` of problem documents. */
  readonly title: string
  readonly retry: RetryAdvice
}

/**
 * Every error that Mayfly can tell of. The code is stable: it is part of the wire format,
 * of `--json` output and of the exit codes.
 */
export const errorCatalogue = {
  // Encodings and keys
  'der-invalid': { title: 'The DER encoding is broken', retry: 'never' },
  'pem-invalid': { title: 'The PEM text is broken', retry: 'never' },
  'key-invalid': { title: 'The key cannot be read', retry: 'never' },
  'key-weak': { title: 'The key is too weak', retry: 'never' },
  'key-type-unsupported': { title: 'The key type is not supported', retry: 'never' },
  'key-mismatch': { title: 'The key does not belong to the certificate', retry: 'never' },
  'key-reused': { title: 'The key was already certified', retry: 'never' },
  'passphrase-wrong': { title: 'The passphrase does not open the key', retry: 'never' },

  // Names, requests and certificates
  'name-invalid': { title: 'The name is not valid', retry: 'never' },
  'names-not-allowed': { title: 'The names are outside the policy', retry: 'never' },
  'csr-invalid': { title: 'The certificate request is broken', retry: 'never' },
  'proof-of-possession-failed': { title: 'The request is not signed by its own key', retry: 'never' },
  'certificate-invalid': { title: 'The certificate cannot be read', retry: 'never' },
  'certificate-expired': { title: 'The certificate is outside its validity', retry: 'never' },
  'profile-violation': { title: 'The certificate is outside its profile', retry: 'never' },
  'lint-failed': { title: 'The certificate would break its own rules and was not signed', retry: 'never' },
  'chain-untrusted': { title: 'The chain does not end in the trust bundle', retry: 'never' },
  'name-mismatch': { title: 'The certificate is for another name', retry: 'never' },
  'fingerprint-mismatch': { title: 'The fingerprint is another one', retry: 'never' },

  // Trust bundles
  'bundle-invalid': { title: 'The trust bundle is broken', retry: 'never' },
  'bundle-untrusted': { title: 'The trust bundle is not signed by a trusted root', retry: 'never' },
  'bundle-older': { title: 'The trust bundle is older than the one held', retry: 'never' },

  // Enrolment tokens
  'token-invalid': { title: 'The enrolment token is not valid', retry: 'never' },
  'token-expired': { title: 'The enrolment token has expired', retry: 'never' },
  'token-used': { title: 'The enrolment token was used for another key', retry: 'never' },
  'token-revoked': { title: 'The enrolment token was revoked', retry: 'never' },
  'token-unknown': { title: 'There is no such enrolment token', retry: 'never' },
  'token-other-issuer': { title: 'The enrolment token is for another issuer', retry: 'never' },

  // Signed requests and lineages
  'request-invalid': { title: 'The request is not well formed', retry: 'never' },
  'request-unauthenticated': { title: 'The request is not authenticated', retry: 'never' },
  'request-signature-invalid': { title: 'The signature of the request does not verify', retry: 'never' },
  'request-stale': { title: 'The request is too old or from the future', retry: 'never' },
  'request-replayed': { title: 'The request was seen before', retry: 'never' },
  'request-other-url': { title: 'The request was signed for another URL', retry: 'never' },
  'lineage-unknown': { title: 'The certificate is not from this issuer', retry: 'never' },
  'lineage-expired': { title: 'The certificate expired too long ago to renew', retry: 'never' },
  'lineage-ended': { title: 'The lineage was replaced by a newer enrolment', retry: 'never' },
  'lineage-conflict': { title: 'Two hosts hold this lineage; the identity is suspended', retry: 'never' },
  'identity-suspended': { title: 'The identity is suspended', retry: { afterSeconds: 3600 } },
  'identity-unknown': { title: 'There is no such identity', retry: 'never' },
  'identity-exists': { title: 'The identity exists already', retry: 'never' },

  // The service
  'rate-limited': { title: 'Too many requests', retry: { afterSeconds: 10 } },
  'quota-exceeded': {
    title: 'The identity has used up its certificates for today',
    retry: { afterSeconds: 3600 },
  },
  overloaded: { title: 'The issuer is overloaded', retry: { afterSeconds: 5 } },
  'body-too-large': { title: 'The body is too large', retry: 'never' },
  'media-type-unsupported': { title: 'The media type is not supported', retry: 'never' },
  'method-not-allowed': { title: 'The method is not allowed here', retry: 'never' },
  'not-found': { title: 'There is nothing at this URL', retry: 'never' },
  'not-minted': { title: 'There is no certificate for this key yet', retry: { afterSeconds: 60 } },
  forbidden: { title: 'The caller may not do this', retry: 'never' },
  'store-unavailable': { title: 'The store cannot be written', retry: { afterSeconds: 10 } },
  'store-invalid': { title: 'The store is not one of this version or is damaged', retry: 'never' },
  'authority-missing': { title: 'There is no active intermediate', retry: { afterSeconds: 60 } },
  'authority-expired': { title: 'The intermediate can no longer issue', retry: { afterSeconds: 300 } },
  'authority-tainted': {
    title: 'The intermediate is tainted and no other is prepared',
    retry: { afterSeconds: 60 },
  },
  'hsm-unavailable': { title: 'The HSM does not sign', retry: { afterSeconds: 10 } },
  'hsm-pin-wrong': { title: 'The HSM refuses the PIN', retry: 'never' },
  'clock-wrong': { title: 'A clock is wrong', retry: { afterSeconds: 60 } },
  'already-running': { title: 'Another process is using this state', retry: 'never' },
  stopping: { title: 'The service is stopping', retry: { afterSeconds: 5 } },
  internal: { title: 'Something inside went wrong', retry: 'backoff' },

  // The host
  usage: { title: 'The command was not understood', retry: 'never' },
  cancelled: { title: 'The operator said no', retry: 'never' },
  'config-invalid': { title: 'The configuration is not valid', retry: 'never' },
  'state-invalid': { title: 'The saved state is not valid', retry: 'never' },
  'file-missing': { title: 'There is no such file', retry: 'never' },
  'file-exists': { title: 'The file exists already', retry: 'never' },
  'file-unreadable': { title: 'The file cannot be read', retry: 'backoff' },
  'file-unwritable': { title: 'The file cannot be written', retry: 'backoff' },
  'folder-unsafe': { title: 'Others can write where the agent is root', retry: 'backoff' },
  'permission-denied': { title: 'Permission was denied', retry: 'backoff' },
  'disk-full': { title: 'The disk is full', retry: 'backoff' },
  'command-failed': { title: 'The command failed', retry: 'backoff' },

  // The agent
  'transport-failed': { title: 'The issuer cannot be reached', retry: 'backoff' },
  'answer-invalid': { title: 'The answer is not what an issuer may say', retry: 'backoff' },
  'prove-failed': { title: 'The certificate did not pass the proof', retry: 'backoff' },
  'check-failed': { title: "The server's own test failed", retry: 'backoff' },
  'reload-failed': { title: 'The server could not be reloaded', retry: 'backoff' },
  'rotation-unfinished': { title: 'A rotation was cut off before its end', retry: 'never' },
  'probe-failed': { title: 'The live port does not serve the new certificate', retry: 'backoff' },
} as const satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof errorCatalogue

export const errorCodes: readonly ErrorCode[] = Object.keys(errorCatalogue) as ErrorCode[]

import { X509Certificate } from 'node:crypto'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { createSecureContext } from 'node:tls'
import { keyExchangeGroups } from '../connections/key-exchange.ts'
import { unresumable } from '../connections/no-resumption.ts'
import type { Instant, TrustSettings } from '../options.ts'
import { fingerprintOf } from '../peers/distrusted-chain.ts'
import { TrustError } from '../trust-error.ts'
import { type MaterialPaths, readMaterialFiles } from './material-files.ts'
import { type OwnCertificate, parseOwnCertificate } from './own-certificate.ts'
import { parseDistrusted, parseTrustBundle, type TrustedRoots } from './trust-bundle.ts'

/** What one generation of files gives. Read, checked and never changed. */
export interface Material {
  readonly roots: TrustedRoots
  /** SHA-256 of intermediates that no chain may lead through, lower hex. */
  readonly distrusted: readonly string[]
  /** SHA-256 of the roots, lower hex. */
  readonly rootFingerprints: ReadonlySet<string>
  readonly own?: OwnCertificate
  /** For `tls.createServer` and `setSecureContext`. */
  readonly contextOptions: SecureContextOptions
  /** The same, made once for every connection that this side opens. */
  readonly secureContext: SecureContext
}

/**
 * Reads and checks everything before any of it is used. Takes resolved paths.
 * Throws a `TrustError` that names the file.
 */
export function loadMaterial(paths: MaterialPaths, settings: TrustSettings, now: Instant): Material {
  const files = readMaterialFiles(paths)
  const roots = parseTrustBundle(files.bundle.text, paths.bundle, now)
  const own = files.own === undefined ? undefined : parseOwnCertificate(files.own.cert, files.own.key)
  const contextOptions = secureContextOptions(roots, own, settings)
  return {
    roots,
    distrusted: parseDistrusted(files.bundle.text),
    rootFingerprints: new Set(roots.map((root) => fingerprintOf(new X509Certificate(root)))),
    ...(own === undefined ? {} : { own }),
    contextOptions,
    secureContext: prepareContext(contextOptions, paths),
  }
}

function secureContextOptions(
  roots: TrustedRoots,
  own: OwnCertificate | undefined,
  settings: TrustSettings,
): SecureContextOptions {
  return {
    ca: [...roots],
    ...(own === undefined ? {} : { cert: own.fullchainPem, key: own.keyPem }),
    minVersion: settings.minVersion,
    ecdhCurve: keyExchangeGroups,
    secureOptions: unresumable,
  }
}

/** OpenSSL has the last word on whether it can use the files. */
function prepareContext(options: SecureContextOptions, paths: MaterialPaths): SecureContext {
  try {
    return createSecureContext(options)
  } catch (cause) {
    const path = paths.own?.cert ?? paths.bundle
    throw new TrustError('certificate-invalid', `OpenSSL refuses ${path}; install it again.`, {
      details: { path },
      cause,
    })
  }
}

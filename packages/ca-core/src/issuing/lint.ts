import { MayflyError } from '../errors/mayfly-error.ts'
import type { Certificate } from '../x509/certificate.ts'
import { parseCertificate } from '../x509/parse-certificate.ts'
import type { LintFinding } from './lint-rule.ts'
import { type LintSubject, lintRules } from './lint-rules.ts'

export type { LintFinding } from './lint-rule.ts'
export type { LintSubject } from './lint-rules.ts'

/**
 * Holds a certificate against the profile table: every rule that it breaks, with the citation.
 * The signature is not looked at, so that a specimen by a throwaway key can be linted before the real one.
 */
export function lint(der: Uint8Array, subject: LintSubject): LintFinding[] {
  let certificate: Certificate
  try {
    certificate = parseCertificate(der)
  } catch (error) {
    return [{ rule: 'readable', message: error instanceof Error ? error.message : 'it cannot be read' }]
  }
  return lintRules(subject).flatMap(({ rule, cites, check }) => {
    const message = check(certificate)
    return message === undefined ? [] : [{ rule, message: `${message} (${cites})` }]
  })
}

/** Throws `lint-failed`, naming every finding, if there is one. */
export function requireLint(der: Uint8Array, subject: LintSubject): void {
  const findings = lint(der, subject)
  if (findings.length === 0) return
  const told = findings.map(({ rule, message }) => `${rule}: ${message}`)
  throw new MayflyError('lint-failed', `The ${subject.kind} was not signed, because ${told.join('; ')}.`, {
    details: { findings: told },
  })
}

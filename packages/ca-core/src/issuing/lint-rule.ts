import { secondMs } from '../time/instant.ts'
import type { Certificate } from '../x509/certificate.ts'

export interface LintFinding {
  readonly rule: string
  readonly message: string
}

export interface LintRule {
  readonly rule: string
  readonly cites: string
  /** What is wrong, or `undefined`. */
  check(certificate: Certificate): string | undefined
}

export function rule(name: string, cites: string, check: LintRule['check']): LintRule {
  return { rule: name, cites, check }
}

export function criticality(name: string, cites: string, oid: string, critical: boolean): LintRule {
  return rule(name, cites, (certificate) =>
    has(certificate, oid) && isCritical(certificate, oid) === critical
      ? undefined
      : `the extension ${oid} is missing or ${critical ? 'not ' : ''}critical`,
  )
}

export function has({ extensions }: Certificate, wanted: string): boolean {
  return extensions.some(({ oid }) => oid === wanted)
}

export function isCritical({ extensions }: Certificate, wanted: string): boolean {
  return extensions.some(({ oid, critical }) => oid === wanted && critical)
}

export function lifeSeconds({ notBefore, notAfter }: Certificate): number {
  return (notAfter - notBefore) / secondMs
}

export function sameList(actual: readonly string[], wanted: readonly string[]): boolean {
  return actual.length === wanted.length && actual.every((value, i) => value === wanted[i])
}

import { MayflyError } from '../errors/mayfly-error.ts'

/** The error of every reader in this folder; callers that know what they read say it with their own code. */
export function derInvalid(what: string): MayflyError {
  return new MayflyError('der-invalid', `The DER encoding is broken: ${what}.`)
}

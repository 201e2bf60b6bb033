import { type ErrorCode, isMayflyError } from '@mayfly/ca-core'
import { withAdvice } from '../status/remedies.ts'

/** What a rotation will need; each is tried on its own. */
export type CheckName =
  | 'state'
  | 'disk-space'
  | 'running'
  | 'enrolment'
  | 'issuer'
  | 'bundle'
  | 'clock'
  | 'access'
  | 'folders'
  | 'files'
  | 'server'
  | 'server-test'
  | 'probe'

/** What one try has shown. */
export type Finding = Place & Outcome

interface Place {
  readonly check: CheckName
  /** Absent where it is about the whole host. */
  readonly certificate?: string
}

export type Outcome =
  | { readonly result: 'good'; readonly message: string }
  /** A rotation will work, and something should be mended all the same. */
  | { readonly result: 'warning'; readonly code: ErrorCode; readonly message: string }
  /** A rotation will fail. The message says what to mend. */
  | { readonly result: 'failed'; readonly code: ErrorCode; readonly message: string }

export function good(message: string): Outcome {
  return { result: 'good', message }
}

export function warning(code: ErrorCode, message: string): Outcome {
  return { result: 'warning', code, message }
}

export function failed(code: ErrorCode, message: string): Outcome {
  return { result: 'failed', code, message }
}

/** What the work shows; an error that it throws is what to mend. */
export async function tryOut(
  place: Place,
  work: () => Promise<Outcome | readonly Outcome[]>,
): Promise<Finding[]> {
  const { findings } = await tryToGet(place, async () => ({ value: undefined, outcomes: await work() }))
  return findings
}

/** The same, for work that also gives something; `value` is absent where it failed. */
export async function tryToGet<Value>(
  place: Place,
  work: () => Promise<{ readonly value: Value; readonly outcomes: Outcome | readonly Outcome[] }>,
): Promise<{ readonly findings: Finding[]; readonly value?: Value }> {
  try {
    const { value, outcomes } = await work()
    return { value, findings: [outcomes].flat().map((outcome) => ({ ...place, ...outcome })) }
  } catch (error) {
    const code = isMayflyError(error) ? error.code : 'internal'
    const message = error instanceof Error ? error.message : String(error)
    return { findings: [{ ...place, ...failed(code, withAdvice(code, message)) }] }
  }
}

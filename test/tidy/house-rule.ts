import assert from 'node:assert/strict'
import { it } from 'node:test'
import { exceptions } from './exceptions.ts'

export interface Violation {
  readonly path: string
  readonly what: string
}

/** Makes a test of a rule: every violation that is no exception is listed, as is every exception without one. */
export function houseRule(name: string, check: () => readonly Violation[]): void {
  it(name, () => {
    const violations = check()
    const allowed = exceptions[name] ?? []
    const broken = violations.filter(({ path }) => !allowed.includes(path))
    const kept = allowed.filter((path) => violations.every((violation) => violation.path !== path))
    const lines = [
      ...broken.map(({ path, what }) => `${path}: ${what}`),
      ...kept.map(
        (path) => `${path}: no longer an exception of “${name}”; remove it from test/tidy/exceptions.ts`,
      ),
    ]
    assert.deepEqual(lines, [])
  })
}

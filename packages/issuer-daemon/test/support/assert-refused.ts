import assert from 'node:assert/strict'
import { type ErrorCode, isMayflyError, type MayflyError } from '@mayfly/ca-core'
import { auditOf, type IssuerKit } from './issuer-kit.ts'

/** The asking is refused with that code, and the last audit record says so. */
export async function assertRefused(
  code: ErrorCode,
  asking: Promise<unknown>,
  kit: Pick<IssuerKit, 'store'>,
): Promise<MayflyError> {
  const error = await asking.then(
    () => assert.fail(`expected ${code}`),
    (reason: unknown) => reason,
  )
  assert.ok(isMayflyError(error), String(error))
  assert.equal(error.code, code, error.message)
  const last = (await auditOf(kit)).at(-1)
  assert.equal(last?.reason, code)
  return error
}

import assert from 'node:assert/strict'
import { type ErrorCode, isMayflyError, type MayflyError } from '../../src/index.ts'

/** Asserts that `run` throws a `MayflyError` with one of `codes`, and returns it. */
export function throwsCode(run: () => unknown, ...codes: readonly ErrorCode[]): MayflyError {
  try {
    run()
  } catch (error) {
    return checkCode(error, codes)
  }
  return assert.fail(`nothing was thrown, and ${codes.join(' or ')} was expected`)
}

/** The same for a promise that must be rejected. */
export async function rejectsCode(
  promise: Promise<unknown>,
  ...codes: readonly ErrorCode[]
): Promise<MayflyError> {
  try {
    await promise
  } catch (error) {
    return checkCode(error, codes)
  }
  return assert.fail(`nothing was thrown, and ${codes.join(' or ')} was expected`)
}

function checkCode(error: unknown, codes: readonly ErrorCode[]): MayflyError {
  if (!isMayflyError(error)) throw error
  assert.ok(
    codes.includes(error.code),
    `${error.code} (${error.message}), and ${codes.join(' or ')} was expected`,
  )
  return error
}

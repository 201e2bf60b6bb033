import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes, MayflyError } from '@mayfly/ca-core'
import { describeError, errorToJson } from '../../src/errors/describe-error.ts'
import { describeExitCodes, exitCodeMeanings, exitCodes } from '../../src/errors/exit-codes.ts'

test('exit codes: every error has one, each with a meaning, and the help lists all', () => {
  const help = describeExitCodes()
  for (const code of errorCodes) {
    assert.ok(exitCodes[code] in exitCodeMeanings)
    assert.ok(help.split(/\s+/).includes(code), code)
  }
  for (const line of help.split('\n')) assert.ok(line.length <= 100, line)
})

test('an error of Mayfly: → its code, message, details and exit code', () => {
  const error = new MayflyError('file-missing', 'There is no file x.', { details: { path: 'x' } })
  const described = describeError(error)
  assert.deepEqual(JSON.parse(errorToJson(described)), {
    error: { code: 'file-missing', message: 'There is no file x.', details: { path: 'x' }, exitCode: 4 },
  })
})

test('any other error: → internal, with what is needed to report it', () => {
  for (const thrown of [new TypeError('x is not a function'), 'text', undefined]) {
    assert.deepEqual([describeError(thrown).code, describeError(thrown).exitCode], ['internal', 1])
  }
  assert.match(describeError(new TypeError('x is not a function')).message, /x is not a function\n\s+at /)
})

test('an error with the code of somebody else: → internal', () => {
  const error = Object.assign(new Error('no'), { name: 'MayflyError', code: 'ENOENT' })
  assert.equal(describeError(error).code, 'internal')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findInPassfile } from '../../../src/store/postgres/connecting/passfile.ts'

const key = { host: 'db.example', port: 5_432, database: 'mayfly', user: 'issuer' }

test('password file: the first line that fits → its password', () => {
  const text = `# db.example:5432:mayfly:issuer:commented
db.example:5433:mayfly:issuer:other port
db.example:*:mayfly:issuer:first
*:*:*:*:second
`
  assert.equal(findInPassfile(text, key), 'first')
  assert.equal(findInPassfile(text, { ...key, user: 'other' }), 'second')
  assert.equal(findInPassfile('a:b:c', key), undefined)
  assert.equal(findInPassfile('', key), undefined)
})

test('password file: escaped colons and backslashes → are part of the field', () => {
  assert.equal(
    findInPassfile('2001\\:db8\\:\\:1:*:*:*:a\\:b\\\\c', { ...key, host: '2001:db8::1' }),
    'a:b\\c',
  )
})

test('password file: a Unix socket → goes by localhost', () => {
  assert.equal(findInPassfile('localhost:5432:mayfly:issuer:it', { ...key, host: '/run/postgresql' }), 'it')
})

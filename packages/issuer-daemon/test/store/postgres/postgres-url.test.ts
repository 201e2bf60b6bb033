import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLocalHost, readPostgresUrl } from '../../../src/store/postgres/connecting/postgres-url.ts'

const address = { user: 'mayfly', database: 'mayfly' }

test('PostgreSQL URL: one host, several, IPv6, a Unix socket → are read', () => {
  const hostsOf = (list: string) => {
    const read = readPostgresUrl(`postgres://mayfly@${list}/mayfly`)
    assert.ok(read.ok, list)
    assert.deepEqual({ ...read.address, hosts: undefined }, { ...address, hosts: undefined })
    return read.address.hosts
  }
  assert.deepEqual(hostsOf('db.example'), [{ host: 'db.example', port: 5_432 }])
  assert.deepEqual(hostsOf('a:1,[2001:db8::1]:2'), [
    { host: 'a', port: 1 },
    { host: '2001:db8::1', port: 2 },
  ])
  assert.deepEqual(hostsOf('%2Fvar%2Frun%2Fpostgresql'), [{ host: '/var/run/postgresql', port: 5_432 }])
})

for (const [what, text, reason] of [
  ['a password', 'postgres://mayfly:hunter2@db/mayfly', /database\.password/],
  ['an empty password', 'postgres://mayfly:@db/mayfly', /database\.password/],
  ['no user', 'postgres://db/mayfly', /name the user/],
  ['no database', 'postgres://mayfly@db', /must be postgres/],
  ['options', 'postgres://mayfly@db/mayfly?sslmode=disable', /must end with the database/],
  ['a port out of range', 'postgres://mayfly@db:65536/mayfly', /cannot be read/],
  ['a broken escape', 'postgres://mayfly@db/%zz', /cannot be read/],
  ['an empty host', 'postgres://mayfly@a,,b/mayfly', /cannot be read/],
] as const) {
  test(`PostgreSQL URL: ${what} → refused, and nothing of it is told`, () => {
    const read = readPostgresUrl(text)
    assert.ok(!read.ok)
    assert.match(read.reason, reason)
    assert.doesNotMatch(read.reason, /hunter2/)
  })
}

test('PostgreSQL URL: only this machine is local', () => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '/run/postgresql']) {
    assert.ok(isLocalHost({ host, port: 1 }), host)
  }
  for (const host of ['db', '127.0.0.1.example', 'localhost.example', '10.0.0.1', '::2']) {
    assert.ok(!isLocalHost({ host, port: 1 }), host)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adoptConfiguration } from '../../src/configuration/adopt-configuration.ts'
import type { DelegateSettings, IssuerConfiguration } from '../../src/configuration/issuer-configuration.ts'

const running = {
  url: 'https://ca.test',
  listen: { host: '127.0.0.1', port: 8443 },
  state: '/var/lib/mayfly',
  sweep: { cron: '* * * * *', chunk: 10 },
  log: { level: 'info' },
  admin: { socket: '/run/mayfly/admin.sock', delegates: [] },
} as unknown as IssuerConfiguration

test('reload: what may change → is taken over', () => {
  const next = { ...running, sweep: { cron: '*/2 * * * *', chunk: 20 }, log: { level: 'debug' } } as const
  const { configuration, needRestart } = adoptConfiguration(running, next)
  assert.deepEqual(configuration.sweep, next.sweep)
  assert.equal(configuration.log.level, 'debug')
  assert.deepEqual(needRestart, [])
})

test('reload: what needs a restart → stays as it runs, and is named', () => {
  const next = { ...running, url: 'https://other.test', listen: { host: '127.0.0.1', port: 9443 } }
  const { configuration, needRestart } = adoptConfiguration(running, next)
  assert.equal(configuration.url, running.url)
  assert.equal(configuration.listen.port, 8443)
  assert.deepEqual(needRestart, ['url', 'listen'])
})

test('reload: an HSM that comes or goes → waits for a restart, and is named', () => {
  const withHsm = { ...running, hsm: { uri: 'pkcs11:token=a?module-path=/m.so', pin: { file: '/pin' } } }
  assert.deepEqual(adoptConfiguration(running, withHsm).needRestart, ['hsm'])
  const { configuration, needRestart } = adoptConfiguration(withHsm, running)
  assert.deepEqual(needRestart, ['hsm'])
  assert.deepEqual(configuration.hsm, withHsm.hsm)
})

const delegate: DelegateSettings = {
  socket: '/run/mayfly/web.sock',
  access: { group: 'web', mode: 0o660 },
  rights: {
    is: 'delegate',
    issuerNames: [],
    name: 'web',
    may: ['tokens'],
    names: [{ type: 'dns', value: 'web.test' }],
    identities: ['*'],
    profiles: ['server'],
    alike: [],
  },
}

const withDelegates = (...delegates: DelegateSettings[]): IssuerConfiguration => ({
  ...running,
  admin: { ...running.admin, delegates },
})

test('reload: what a delegate may → is taken over', () => {
  const less = { ...delegate, rights: { ...delegate.rights, may: ['status'] as const } }
  const { configuration, needRestart } = adoptConfiguration(withDelegates(delegate), withDelegates(less))
  assert.deepEqual(configuration.admin.delegates, [less])
  assert.deepEqual(needRestart, [])
})

test('reload: delegates and their sockets → are taken over; the socket of the owner stays, and is named', () => {
  const added = { ...delegate, socket: '/run/mayfly/db.sock', rights: { ...delegate.rights, name: 'db' } }
  const next = { ...withDelegates(added), admin: { socket: '/run/other.sock', delegates: [added] } }
  const { configuration, needRestart } = adoptConfiguration(withDelegates(delegate), next)
  assert.deepEqual(configuration.admin, { socket: running.admin.socket, delegates: [added] })
  assert.deepEqual(needRestart, ['admin.socket'])
})

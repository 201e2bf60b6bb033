import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adoptConfiguration } from '../../src/configuration/adopt-configuration.ts'
import type { IssuerConfiguration } from '../../src/configuration/issuer-configuration.ts'

const running = {
  url: 'https://ca.test',
  listen: { host: '127.0.0.1', port: 8443 },
  state: '/var/lib/mayfly',
  sweep: { cron: '* * * * *', chunk: 10 },
  log: { level: 'info' },
} as IssuerConfiguration

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

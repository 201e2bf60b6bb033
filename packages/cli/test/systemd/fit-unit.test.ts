import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fitUnit } from '../../src/systemd/fit-unit.ts'

const readUnit = (name: string) =>
  readFile(new URL(`../../../../packaging/systemd/${name}.service`, import.meta.url), 'utf8')

const home = join('/home', 'ann')

const linesOf = (text: string, key: string) => text.split('\n').filter((line) => line.startsWith(`${key}=`))

for (const [name, words] of [
  ['mayfly-issuer', 'issuer run'],
  ['mayfly-agent', 'agent run'],
] as const) {
  test(`${name}.service: fitted → this machine's command and configuration, all else as packaged`, async () => {
    const packaged = await readUnit(name)
    const fitted = fitUnit(packaged, {
      command: ['/opt/node', '/opt/mayfly/main.js'],
      configPath: '/srv/mayfly.yaml',
    })
    assert.deepEqual(linesOf(fitted, 'ExecStart'), [
      `ExecStart=/opt/node /opt/mayfly/main.js ${words} --config /srv/mayfly.yaml`,
    ])
    assert.deepEqual(linesOf(fitted, 'ConditionPathExists'), ['ConditionPathExists=/srv/mayfly.yaml'])
    const changed = fitted.split('\n').filter((line, index) => line !== packaged.split('\n')[index])
    assert.equal(changed.length, 2)
  })
}

test('folders that the unit keeps read-only: → opened; others, and those it opens anyway → left as packaged', async () => {
  const writes = ['/etc/ssl/my "live"', '/etc/ssl/50%', '/etc/mayfly/live', '/srv/state', '/etcetera']
  const fitted = fitUnit(await readUnit('mayfly-agent'), {
    command: ['/opt/node'],
    configPath: '/etc/mayfly/agent.yaml',
    writes,
  })
  assert.deepEqual(linesOf(fitted, 'ReadWritePaths'), [
    'ReadWritePaths=/etc/mayfly "-/etc/ssl/my \\"live\\"" "-/etc/ssl/50%%"',
  ])
})

for (const [what, change] of [
  ['the command', { command: [`${home}/.nvm/versions/node/v26.10.0/bin/node`] }],
  ['what it runs', { command: ['/opt/node', join('/root', 'mayfly', 'main.js')] }],
  ['the configuration', { configPath: `${home}/mayfly.yaml` }],
] as const) {
  test(`${what} lies in a home folder: → homes are to be seen, and nothing more`, async () => {
    for (const name of ['mayfly-agent', 'mayfly-issuer']) {
      const packaged = await readUnit(name)
      const usual = { command: ['/opt/node'], configPath: '/etc/mayfly/daemon.yaml' }
      assert.deepEqual(linesOf(fitUnit(packaged, usual), 'ProtectHome'), ['ProtectHome=yes'])
      const fitted = fitUnit(packaged, { ...usual, ...change })
      assert.deepEqual(linesOf(fitted, 'ProtectHome'), ['ProtectHome=read-only'])
      assert.deepEqual(linesOf(fitted, 'ReadWritePaths'), linesOf(packaged, 'ReadWritePaths'))
    }
  })
}

test('a live folder in a home: → homes are to be seen, and that one is open', async () => {
  const fitted = fitUnit(await readUnit('mayfly-agent'), {
    command: ['/opt/node'],
    configPath: '/etc/mayfly/agent.yaml',
    writes: [`${home}/live`],
  })
  assert.deepEqual(linesOf(fitted, 'ProtectHome'), ['ProtectHome=read-only'])
  assert.deepEqual(linesOf(fitted, 'ReadWritePaths'), [`ReadWritePaths=/etc/mayfly "-${home}/live"`])
})

test('a path with blanks, % or $: → quoted and escaped as systemd asks', async () => {
  const fitted = fitUnit(await readUnit('mayfly-agent'), {
    command: ['/my apps/node'],
    configPath: '/etc/50%/$x.yaml',
  })
  assert.deepEqual(linesOf(fitted, 'ExecStart'), [
    'ExecStart="/my apps/node" agent run --config /etc/50%%/$$x.yaml',
  ])
})

test('mayfly-issuer.service: a state elsewhere → opened; no credential asked for → none that would have to be there', async () => {
  const packaged = await readUnit('mayfly-issuer')
  const paths = { command: ['/opt/node'], configPath: '/etc/mayfly/issuer.yaml' }
  const usual = fitUnit(packaged, {
    ...paths,
    writes: ['/var/lib/mayfly-issuer', '/var/lib/mayfly-issuer/store'],
    credentials: ['passphrase'],
  })
  assert.deepEqual(linesOf(usual, 'ReadWritePaths'), [])
  assert.deepEqual(linesOf(usual, 'LoadCredential'), linesOf(packaged, 'LoadCredential'))
  const other = fitUnit(packaged, { ...paths, writes: ['/srv/ca 1', '/var/lib/mayfly'], credentials: [] })
  assert.deepEqual(linesOf(other, 'ReadWritePaths'), ['ReadWritePaths="-/srv/ca 1" "-/var/lib/mayfly"'])
  assert.deepEqual(linesOf(other, 'LoadCredential'), [])
  const renamed = fitUnit(packaged, { ...paths, credentials: ['ca-key'] })
  assert.deepEqual(linesOf(renamed, 'LoadCredential'), [
    'LoadCredential=ca-key:/etc/mayfly/issuer.passphrase',
  ])
  const withHsm = fitUnit(packaged, { ...paths, credentials: ['passphrase'], pins: ['pin'] })
  assert.deepEqual(linesOf(withHsm, 'LoadCredential'), [
    'LoadCredential=passphrase:/etc/mayfly/issuer.passphrase',
    'LoadCredential=pin:/etc/mayfly/issuer.pin',
  ])
})

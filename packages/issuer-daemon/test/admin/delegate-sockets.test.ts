import assert from 'node:assert/strict'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { type AdminClient, adminClient } from '../../src/admin/admin-client.ts'
import { listenPrivately } from '../../src/admin/private-socket.ts'
import { delegateConnectionsMax } from '../../src/api/limits/server-limits.ts'
import type { IssuerConfiguration } from '../../src/configuration/issuer-configuration.ts'
import { type DelegatedIssuer, startDelegatedIssuer } from '../support/delegated-issuer.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'

let issuer: DelegatedIssuer
let live: LiveIssuer
let folder: string
let web: AdminClient
let watch: AdminClient

before(async () => {
  issuer = await startDelegatedIssuer()
  ;({ live, folder, web, watch } = issuer)
})
after(() => issuer.close())

test('delegate: its socket → for its group, and no one else', async () => {
  const status = await stat(join(folder, 'web.sock'))
  assert.deepEqual([status.mode & 0o777, status.gid], [0o660, process.getgid?.()])
})

test('delegate: a socket that cannot be given away → refused, and gone', async () => {
  const path = join(folder, 'given.sock')
  const error = await listenPrivately(createServer(), path, { mode: 0o660, uid: 2 ** 32 - 2, gid: -5 }).catch(
    (thrown: unknown) => thrown,
  )
  assert.ok(isMayflyError(error, 'permission-denied'), String(error))
  assert.match(error.message, /SupplementaryGroups/)
  await assert.rejects(stat(path), { code: 'ENOENT' })
})

test('delegate: a group that is not there → no start, and its name', async () => {
  const starting = startLiveIssuer({
    yaml: `admin: { delegates: { x: { socket: ${folder}/x.sock, group: no-such-group, may: [status] } } }`,
  })
  await assert.rejects(starting, /no group "no-such-group"/)
})

test('delegate: a reload that takes something away → at once; sockets are opened, closed and given to others', async () => {
  const { admin } = live.configuration
  const [first, second] = admin.delegates
  assert.ok(first && second)
  const access = { ...first.access, mode: 0o600 }
  const changed = { ...first, access, rights: { ...first.rights, may: ['identities.read'] as const } }
  const added = { ...second, socket: join(folder, 'new.sock'), rights: { ...second.rights, name: 'new' } }
  const next: IssuerConfiguration = {
    ...live.configuration,
    admin: { ...admin, delegates: [changed, added] },
  }
  await live.issuer.reload(next)
  await web.listIdentities()
  await assert.rejects(web.createToken({ identity: 'web-own' }), (error) => isMayflyError(error, 'forbidden'))
  assert.equal((await stat(join(folder, 'web.sock'))).mode & 0o777, 0o600)
  const other = adminClient(added.socket)
  assert.equal((await other.status()).bundleSequence, 1)
  await assert.rejects(other.listTokens(), /The admin new may status/)
  await assert.rejects(stat(second.socket), { code: 'ENOENT' })
  assert.doesNotMatch(live.log(), /waits for a restart/)

  await live.issuer.reload(live.configuration)
  await watch.status()
  assert.equal((await stat(join(folder, 'web.sock'))).mode & 0o777, 0o660)
  await assert.rejects(stat(added.socket), { code: 'ENOENT' })
})

test('delegate: a reload with a socket that cannot be opened → refused, and all stays as it was', async () => {
  const { admin } = live.configuration
  const [first, second] = admin.delegates
  assert.ok(first && second)
  const good = { ...second, socket: join(folder, 'good.sock'), rights: { ...second.rights, name: 'good' } }
  const bad = { ...second, socket: join(folder, 'no/where.sock'), rights: { ...second.rights, name: 'bad' } }
  const next = { ...live.configuration, admin: { ...admin, delegates: [good, bad] } }
  await assert.rejects(live.issuer.reload(next), /Cannot make the socket .*no\/where\.sock/)
  await assert.rejects(stat(good.socket), { code: 'ENOENT' })
  await watch.status()
  await web.createToken({ identity: 'web-own' })
})

test('delegate: over its limit → 429 with the seconds to wait; the owner and other delegates are answered', async () => {
  const limits = { ...live.configuration.limits, delegate: { perMinute: 1, burst: 3 } }
  await live.issuer.reload({ ...live.configuration, limits })
  try {
    for (let asked = 0; asked < 3; asked++) await web.listIdentities()
    const error = await web.listIdentities().catch((thrown: unknown) => thrown)
    assert.ok(isMayflyError(error, 'rate-limited'), String(error))
    assert.match(error.message, /Too many requests of this admin\. Wait \d+ s/)
    for (let asked = 0; asked < 5; asked++) await live.admin.listIdentities()
    await watch.status()
  } finally {
    await live.issuer.reload(live.configuration)
  }
})

test('delegate: more connections than a tool needs → ended, and the owner comes in', async () => {
  const open = Array.from({ length: delegateConnectionsMax + 6 }, () => connect(join(folder, 'web.sock')))
  const ended = open.map((socket) => once(socket, 'close'))
  for (const socket of open) socket.on('error', () => undefined)
  await Promise.race(ended)
  await live.admin.listIdentities()
  for (const socket of open) socket.destroy()
})

// Last: it ends the issuer.
test('delegate: a stop while a reload opens a socket → the socket is closed again, and no reload comes after it', async () => {
  const { admin } = live.configuration
  const [first] = admin.delegates
  assert.ok(first)
  const withSocket = (name: string): IssuerConfiguration => {
    const added = { ...first, socket: join(folder, name), rights: { ...first.rights, name } }
    return { ...live.configuration, admin: { ...admin, delegates: [added] } }
  }
  const reloading = live.issuer.reload(withSocket('late.sock'))
  await Promise.all([live.issuer.stop(), reloading])
  await live.issuer.reload(withSocket('later.sock'))
  for (const name of ['late.sock', 'later.sock']) {
    await assert.rejects(stat(join(folder, name)), { code: 'ENOENT' })
  }
})

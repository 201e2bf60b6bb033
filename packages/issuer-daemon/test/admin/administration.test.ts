import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { Stats } from 'node:fs'
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isMayflyError, type MayflyError } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { adminClient } from '../../src/admin/admin-client.ts'
import { listenPrivately } from '../../src/admin/private-socket.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'
import { enrolled } from '../support/test-host.ts'

let live: LiveIssuer
let folder: string
before(async () => {
  live = await startLiveIssuer()
  folder = await mkdtemp(join(tmpdir(), 'mayfly-socket-'))
})
after(async () => {
  await live.close()
  await rm(folder, { recursive: true })
})

test('administration: identities → added, listed in pages, shown, suspended, resumed', async () => {
  const { admin } = live
  await admin.addIdentity({ name: 'db-1', profile: 'peer', names: ['dns:db-1.test'] })
  await admin.addIdentity({ name: 'db-2', profile: 'peer', names: ['dns:db-2.test'] })
  const names = (await admin.listIdentities()).identities.map(({ name }) => name)
  assert.ok(names.includes('db-1') && names.includes('db-2'))
  const page = await admin.listIdentities({ afterName: 'db-1', limit: 1 })
  assert.deepEqual(
    page.identities.map(({ name }) => name),
    ['db-2'],
  )
  assert.equal((await admin.suspendIdentity('db-1')).state, 'suspended')
  assert.deepEqual(
    (await admin.listIdentities({ state: 'suspended' })).identities.map(({ name }) => name),
    ['db-1'],
  )
  assert.equal((await admin.resumeIdentity('db-1')).identity.state, 'new')
  assert.equal((await admin.showIdentity('db-1')).profile, 'peer')
})

test('administration: tokens → made, listed, revoked', async () => {
  const { admin } = live
  const { jti, token } = await admin.createToken({
    identity: 'web-9',
    profile: 'server',
    names: ['dns:web-9.test'],
  })
  assert.match(token, /^eyJ/)
  assert.equal((await admin.listTokens()).find((listed) => listed.jti === jti)?.state, 'open')
  await admin.revokeToken(jti)
  assert.equal((await admin.listTokens()).find((listed) => listed.jti === jti)?.state, 'revoked')
})

test('administration: status → counts, authority, bundle and last sweep', async () => {
  await enrolled(
    live,
    (await live.admin.createToken({ identity: 'web-8', profile: 'server', names: ['dns:web-8.test'] })).token,
  )
  const status = await live.admin.status()
  assert.equal(status.bundleSequence, 1)
  assert.ok((status.counts?.issued ?? 0) >= 1)
  assert.deepEqual(status.alarms, [])
})

interface Mistake {
  readonly what: string
  readonly code: string
  make(): Promise<unknown>
}

const mistakes: readonly Mistake[] = [
  { what: 'an unknown identity', code: 'identity-unknown', make: () => live.admin.showIdentity('nobody') },
  { what: 'an unknown token', code: 'token-unknown', make: () => live.admin.revokeToken('nothing') },
  {
    what: 'a name that leaves its folder',
    code: 'name-invalid',
    make: () => live.admin.addIdentity({ name: '../etc', profile: 'server', names: ['dns:x.test'] }),
  },
  ...['', 'x'.repeat(300)].map((name) => ({
    what: `an identity's name of ${name.length} characters`,
    code: 'name-invalid',
    make: () => live.admin.addIdentity({ name, profile: 'server', names: ['dns:x.test'] }),
  })),
  {
    what: 'a token for an identity without a name',
    code: 'name-invalid',
    make: () => live.admin.createToken({ identity: '', names: ['dns:x.test'] }),
  },
  {
    what: 'a token that lives no second',
    code: 'token-invalid',
    make: () => live.admin.createToken({ identity: 'brief', names: ['dns:x.test'], lifetimeSeconds: 0 }),
  },
  {
    what: 'a certificate name that is none',
    code: 'name-invalid',
    make: () => live.admin.addIdentity({ name: 'x', profile: 'server', names: ['dns:x y'] }),
  },
  {
    what: 'a profile that is none',
    code: 'request-invalid',
    make: () => live.admin.addIdentity({ name: 'x', profile: 'root' as never, names: [] }),
  },
  {
    what: 'an identity twice',
    code: 'identity-exists',
    async make() {
      const identity = { name: 'twin', profile: 'server', names: ['dns:twin.test'] } as const
      await live.admin.addIdentity(identity)
      return live.admin.addIdentity(identity)
    },
  },
]

for (const { what, code, make } of mistakes) {
  test(`administration: ${what} → ${code}, with the same words on both sides`, async () => {
    const error = await make().then(
      () => assert.fail('was accepted'),
      (thrown: unknown) => thrown as MayflyError,
    )
    assert.ok(isMayflyError(error), String(error))
    assert.equal(error.code, code)
    assert.match(String(error.details.requestId), /^[0-9a-f]{16}$/)
  })
}

test('administration: nobody there → transport-failed, and what to do', async () => {
  const error = await adminClient(join(folder, 'none.sock'))
    .status()
    .catch((thrown: unknown) => thrown)
  assert.ok(isMayflyError(error, 'transport-failed'))
  assert.match(error.message, /Is it running/)
})

test('socket: a new one → owned by us alone', async () => {
  const { mode } = await stat(live.configuration.admin.socket)
  assert.equal(mode & 0o777, 0o600)
})

test('socket: a wide umask → still 0600 from its first moment, and the mask as before', async () => {
  const before = process.umask(0)
  try {
    const path = join(folder, 'wide.sock')
    const server = createServer()
    const listening = listenPrivately(server, path)
    const { mode } = await firstStatus(path)
    assert.equal(mode & 0o777, 0o600)
    assert.equal(process.umask(), 0)
    await (await listening).close({ clock: systemClock, inProgress: () => 0, timeoutMs: 0 })
  } finally {
    process.umask(before)
  }
})

test('socket: one that a crash left → is replaced', async () => {
  const path = join(folder, 'stale.sock')
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script])
  assert.ok((await stat(path)).isSocket())
  const listening = await listenPrivately(createServer(), path)
  await listening.close({ clock: systemClock, inProgress: () => 0, timeoutMs: 0 })
})

test('socket: another issuer answers there → already-running', async () => {
  const error = await listenPrivately(createServer(), live.configuration.admin.socket).catch(
    (thrown: unknown) => thrown,
  )
  assert.ok(isMayflyError(error, 'already-running'), String(error))
  assert.equal((await live.admin.status()).bundleSequence, 1)
})

test('socket: a file or a link in its place → refused, and left alone', async () => {
  const file = join(folder, 'precious')
  await writeFile(file, 'keep me')
  const link = join(folder, 'link.sock')
  await symlink(file, link)
  for (const path of [file, link]) {
    const error = await listenPrivately(createServer(), path).catch((thrown: unknown) => thrown)
    assert.ok(isMayflyError(error, 'file-exists'), String(error))
  }
})

test('socket: a folder that is not there → permission-denied, and why', async () => {
  const error = await listenPrivately(createServer(), join(folder, 'no/where.sock')).catch(
    (thrown: unknown) => thrown,
  )
  assert.ok(isMayflyError(error, 'permission-denied'), String(error))
  assert.match(error.message, /Does its folder exist/)
})

async function firstStatus(path: string): Promise<Stats> {
  for (;;) {
    const status = await stat(path).catch(() => undefined)
    if (status !== undefined) return status
  }
}

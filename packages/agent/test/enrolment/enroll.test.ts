import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { MayflyError } from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { enroll } from '../../src/enrolment/enroll.ts'
import { type LocalPorts, localPorts } from '../../src/local-ports.ts'
import { readHistory } from '../../src/status/history.ts'
import { type IssuerServer, serveIssuer } from '../support/issuer-server.ts'
import { VirtualIssuer } from '../support/virtual-issuer.ts'

describe('enrolling a host', () => {
  let folder: string
  let issuer: VirtualIssuer
  let server: IssuerServer
  let ports: LocalPorts
  let count = 0

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-enroll-'))
    issuer = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
    server = await serveIssuer(issuer)
    ports = localPorts()
  })
  after(async () => {
    await ports.transport.close()
    await server.close()
    await rm(folder, { recursive: true })
  })

  async function newHost(text?: string): Promise<{ home: string; configPath: string }> {
    const home = join(folder, `host-${++count}`)
    const configPath = join(home, 'agent.yaml')
    await ports.fileSystem.makeDirectory(home, { mode: 0o755 })
    const settings = `state: ${home}/state\nlive: ${home}/live\n`
    if (text !== undefined) await writeFile(configPath, settings + text)
    else await writeFile(configPath, settings)
    return { home, configPath }
  }

  test('a token: first certificate installed, configuration extended, comments kept', async () => {
    const { home, configPath } = await newHost('# mine\nlog:\n  level: warn # quiet\n')
    const done = await enroll({ token: await issuer.token(), name: 'web', configPath }, ports)
    assert.equal(done.installation.is, 'installed')
    const text = await readFile(configPath, 'utf8')
    assert.match(text, /# mine\nlog:\n {2}level: warn # quiet/)
    assert.match(text, /certificates:\n {2}web:\n {4}identity: web-1/)
    assert.deepEqual(await readdir(join(home, 'live', 'web')), [
      'bundle.pem',
      'cert.pem',
      'chain.pem',
      'fullchain.pem',
      'key.pem',
    ])
    assert.equal((await stat(join(home, 'state'))).mode & 0o777, 0o700)
    assert.equal((await stat(join(home, 'live', 'web', 'key.pem'))).mode & 0o777, 0o600)
  })

  test('no folder for the configuration yet: made, for everyone to pass', async () => {
    const home = join(folder, `host-${++count}`)
    const configPath = join(home, 'etc', 'agent.yaml')
    const newFile = { state: join(home, 'state'), live: join(home, 'live') }
    await enroll({ token: await issuer.token(), name: 'web', configPath, newFile }, ports)
    assert.match(await readFile(configPath, 'utf8'), /identity: web-1/)
    assert.equal((await stat(join(home, 'etc'))).mode & 0o777, 0o755)
  })

  test('the history begins with generation 1', async () => {
    const { home, configPath } = await newHost()
    const done = await enroll({ token: await issuer.token(), name: 'web', configPath }, ports)
    const lines = await readHistory(ports.fileSystem, join(home, 'state', 'history.jsonl'), { count: 100 })
    assert.deepEqual(
      lines.map(({ event }) => event),
      ['enrolled', 'installed', 'served'],
    )
    const [, installed] = lines
    assert.ok(installed?.event === 'installed')
    assert.deepEqual([installed.generation, installed.serial], [1, done.serial])
    assert.equal(installed.certificate, 'web')
  })

  test('the answer is lost: asked again for the same key', async () => {
    const { home, configPath } = await newHost()
    const token = await issuer.token()
    issuer.fault = async (request, real) => {
      await real()
      if (request.url.endsWith('/enrollments')) return { status: 500, headers: {}, body: new Uint8Array() }
      return real()
    }
    const minted = issuer.minted
    await assert.rejects(enroll({ token, name: 'web', configPath }, ports), { code: 'answer-invalid' })
    issuer.fault = undefined
    await enroll({ token, name: 'web', configPath }, ports)
    assert.equal(issuer.minted, minted + 1)
    assert.deepEqual(await readdir(join(home, 'state', 'enrolments')), [])
  })

  test('stopped before it was installed: again with the same token → installed, and no other certificate', async () => {
    const { home, configPath } = await newHost()
    const token = await issuer.token()
    const minted = issuer.minted
    const first = await enroll({ token, name: 'web', configPath }, ports)
    for (const name of ['live', 'archive']) await rm(join(home, name), { recursive: true })
    const again = await enroll({ token, name: 'web', configPath }, ports)
    assert.deepEqual([again.serial, issuer.minted], [first.serial, minted + 1])
    assert.equal(again.installation.is, 'installed')
    assert.match(await readFile(join(home, 'live', 'web', 'cert.pem'), 'utf8'), /BEGIN CERTIFICATE/)
  })

  test('an impostor with its own bundle: refused, and never sees the token', async () => {
    const { configPath } = await newHost()
    const impostor = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
    const impostorServer = await serveIssuer(impostor)
    try {
      const token = await impostor.token({ rootFingerprint: issuer.root.fingerprint })
      await assert.rejects(enroll({ token, name: 'web', configPath }, ports), { code: 'bundle-untrusted' })
      assert.equal(impostorServer.heard.join('').includes(token), false)
      assert.deepEqual(
        impostorServer.heard.map((line) => line.split('\n')[0]),
        ['GET /v1/bundle'],
      )
    } finally {
      await impostorServer.close()
    }
  })

  test('an impostor that passes the real bundle on: refused at its own certificate, and never sees the token', async () => {
    const { configPath } = await newHost()
    const impostor = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
    const impostorServer = await serveIssuer(impostor, issuer)
    try {
      const token = await impostor.token({ rootFingerprint: issuer.root.fingerprint })
      await assert.rejects(enroll({ token, name: 'web', configPath }, ports), { code: 'transport-failed' })
      assert.equal(impostorServer.heard.join('').includes(token), false)
    } finally {
      await impostorServer.close()
    }
  })

  test('a refused token: the issuer speaks, and the configuration stays as it was', async () => {
    const { configPath } = await newHost('log: { level: warn }\n')
    const before = await readFile(configPath, 'utf8')
    issuer.fault = async (request, real) =>
      request.url.endsWith('/enrollments')
        ? issuer.problem(new MayflyError('token-expired', 'The enrolment token has expired.'))
        : real()
    await assert.rejects(enroll({ token: await issuer.token(), name: 'web', configPath }, ports), {
      code: 'token-expired',
    })
    issuer.fault = undefined
    assert.equal(await readFile(configPath, 'utf8'), before)
  })

  test('a mistake in the new entry: told before the token is used', async () => {
    const { configPath } = await newHost()
    const heard = server.heard.length
    const entry = { reload: { preset: 'ngnix' } }
    await assert.rejects(enroll({ token: await issuer.token(), name: 'web', configPath, entry }, ports), {
      code: 'config-invalid',
    })
    assert.equal(server.heard.length, heard)
  })

  test('a state folder that holds other things: refused, and left open to others', async () => {
    const { home, configPath } = await newHost()
    const state = join(home, 'state')
    await mkdir(state, { mode: 0o755 })
    await writeFile(join(state, 'passwd'), '')
    const heard = server.heard.length
    await assert.rejects(enroll({ token: await issuer.token(), name: 'web', configPath }, ports), {
      code: 'config-invalid',
      message: `${state} holds other things (such as passwd), which nobody else could read any more if it became the state folder: name a folder of its own, such as ${state}/mayfly.`,
    })
    assert.equal((await stat(state)).mode & 0o777, 0o755)
    assert.deepEqual(await readdir(state), ['passwd'])
    assert.equal(server.heard.length, heard)
  })

  test('a live folder that is a link: told before the token is used', async () => {
    const { home, configPath } = await newHost()
    await mkdir(join(home, 'elsewhere'))
    await symlink(join(home, 'elsewhere'), join(home, 'live'))
    const heard = server.heard.length
    await assert.rejects(enroll({ token: await issuer.token(), name: 'web', configPath }, ports), {
      code: 'file-exists',
      message: /live is a link to .*elsewhere: set live in agent\.yaml to the folder itself/,
    })
    assert.equal(server.heard.length, heard)
  })

  test('an owner that only root may give files to, and we are not root: told before the token is used', async () => {
    const { home, configPath } = await newHost()
    await chmod(folder, 0o711)
    await chmod(home, 0o777)
    const heard = server.heard.length
    const token = await issuer.token()
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65_534)
    try {
      await assert.rejects(enroll({ token, name: 'web', configPath, entry: { owner: '1' } }, ports), {
        code: 'permission-denied',
        message: /only root may give a file to another user/,
      })
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
    assert.equal(server.heard.length, heard)
    assert.deepEqual(await readdir(home), ['agent.yaml'])
  })

  test('a state folder that was opened to others later: closed again', async () => {
    const { home, configPath } = await newHost()
    await enroll({ token: await issuer.token(), name: 'web', configPath }, ports)
    await chmod(join(home, 'state'), 0o755)
    await enroll(
      { token: await issuer.token({ jti: 'BBBBBBBBBBBBBBBBBBBBBB' }), name: 'web', configPath },
      ports,
    )
    assert.equal((await stat(join(home, 'state'))).mode & 0o777, 0o700)
  })

  test('another certificate of the same identity here: refused before the token is used, for the first would end', async () => {
    const { configPath } = await newHost()
    await enroll({ token: await issuer.token(), name: 'web', configPath }, ports)
    const heard = server.heard.length
    const token = await issuer.token({ jti: 'CCCCCCCCCCCCCCCCCCCCCC' })
    await assert.rejects(enroll({ token, name: 'shop', configPath }, ports), {
      code: 'config-invalid',
      message: /^the certificate web of this host is of the identity web-1 already, .*--name web;/,
    })
    assert.equal(server.heard.length, heard)
    assert.equal((await enroll({ token, name: 'web', configPath }, ports)).name, 'web')
  })

  test('again with what was wrong corrected: tried at once, and not told of as if it had failed again', async () => {
    const { configPath } = await newHost()
    const token = await issuer.token()
    const reload = (exitCode: number) => ({
      preset: 'command',
      command: ['/bin/sh', '-c', `exit ${exitCode}`],
    })
    const first = await enroll({ token, name: 'web', configPath, entry: { reload: reload(3) } }, ports)
    assert.ok(first.installation.is === 'installed' && !first.installation.served)
    const again = await enroll({ token, name: 'web', configPath, entry: { reload: reload(0) } }, ports)
    assert.ok(again.installation.is === 'installed')
    assert.deepEqual([again.installation.served, again.installation.setback], [true, undefined])
  })

  test('paths from configuration that leave their directory: a name that leads out → refused', async () => {
    const { configPath } = await newHost()
    for (const name of ['../web', 'a/b', '..', '']) {
      await assert.rejects(enroll({ token: await issuer.token(), name, configPath }, ports), {
        code: 'name-invalid',
      })
    }
  })

  test('the private key: in no message, and in no file outside state and live', async () => {
    const { home, configPath } = await newHost()
    server.heard.length = 0
    await enroll({ token: await issuer.token(), name: 'web', configPath }, ports)
    const pem = await readFile(join(home, 'live', 'web', 'key.pem'), 'utf8')
    const secret = pem.split('\n').slice(1, -2).join('')
    const der = Buffer.from(secret, 'base64')
    const scalar = der.subarray(36, 68)
    const messages = Buffer.from(server.heard.join(''))
    for (const form of [
      secret,
      scalar.toString('base64'),
      scalar.toString('base64url'),
      scalar.toString('hex'),
    ]) {
      assert.equal(messages.includes(form), false)
    }
    const config = await readFile(configPath)
    assert.equal(config.includes(secret.slice(0, 40)), false)
    assert.deepEqual((await readdir(home)).sort(), ['agent.yaml', 'archive', 'live', 'state'])
  })
})

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { dayMs, type FileSystem, hourMs, type Instant, minuteMs } from '@mayfly/ca-core'
import { nodeFileSystem, nodeProcessRunner, systemClock } from '@mayfly/platform'
import { certificateSchema } from '../../packages/agent/src/configuration/certificate-settings.ts'
import type { Material } from '../../packages/agent/src/formats/material.ts'
import type { HostServers } from '../../packages/agent/src/rotation/host-servers.ts'
import { localServers } from '../../packages/agent/src/rotation/local-servers.ts'
import { VirtualServer } from '../../packages/agent/test/support/virtual-host.ts'
import { rootedFileSystem } from '../support/faults/rooted-file-system.ts'
import { createTimedSite, type TimedHost, type TimedSite } from '../support/hosts/timed-host.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { type Nginx, startNginx } from '../support/servers/nginx.ts'

/**
 * A real nginx for a host under a virtual clock: tested, reloaded and looked at as ever. nginx doesn't look at the
 * times in what it serves, so it can take part; OpenSSL's proof in memory knows the real clock only, and stays
 * virtual.
 */
class NginxServer extends VirtualServer {
  /** Absent until there are files to start it with. */
  nginx: HostServers | undefined

  override check(): Promise<void> {
    return this.nginx?.check() ?? super.check()
  }

  override async reload(): Promise<void> {
    await this.nginx?.reload()
    // What the port serves is asked of the port; here it says which files nginx was told to read.
    await super.reload()
  }

  override probe(material: Material): Promise<readonly string[]> {
    return this.nginx?.probe(material) ?? super.probe(material)
  }
}

interface Served {
  readonly serial: string
  readonly notBefore: Instant
  readonly notAfter: Instant
}

describe('time, with the real issuer and nginx', { timeout: 880_000, skip: withoutPackages('nginx') }, () => {
  let root: string
  let site: TimedSite
  let host: TimedHost
  let nginx: Nginx | undefined

  beforeEach(() => begin())
  afterEach(() => end())

  async function begin(start?: Instant): Promise<void> {
    root = await mkdtemp(join(tmpdir(), 'mayfly-hours-'))
    await nodeFileSystem.setAccess(root, { mode: 0o755 })
    site = await createTimedSite(start)
    let server: NginxServer | undefined
    host = site.host('web-1', '192.0.2.1', {
      fileSystem: rootedFileSystem(root),
      server: (fileSystem: FileSystem) => {
        server = new NginxServer(fileSystem, 'web')
        return server
      },
    })
    await host.enroll()
    await site.run(minuteMs)
    const folder = join(root, 'nginx')
    await mkdir(folder)
    nginx = await startNginx({ folder, liveFolder: join(root, 'etc', 'live', 'web') })
    assert.ok(server)
    server.nginx = serversOf(nginx)
    await assertPortIsValid()
  }

  async function end(): Promise<void> {
    await nginx?.stop()
    nginx = undefined
    await site.close()
    await rm(root, { recursive: true, force: true })
  }

  function serversOf({ port, pidFile, configuration, prefix }: Nginx): HostServers {
    return localServers({
      fileSystem: nodeFileSystem,
      processRunner: nodeProcessRunner,
      clock: systemClock,
      live: join(root, 'etc', 'live'),
      name: 'web',
      settings: certificateSchema.parse({
        reload: { preset: 'nginx', pidFile, configuration, prefix },
        probe: [{ connect: `127.0.0.1:${port}`, serverName: 'web-1.example' }],
      }),
      onWarning: () => undefined,
    })
  }

  /** What nginx shows to a new connection. */
  async function served(): Promise<Served> {
    const socket = connect({
      host: '127.0.0.1',
      port: nginx?.port ?? 0,
      servername: 'web-1.example',
      rejectUnauthorized: false,
    })
    try {
      await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
      const { serialNumber, validFromDate, validToDate } = socket.getPeerX509Certificate() ?? {}
      assert.ok(serialNumber && validFromDate && validToDate)
      return {
        serial: serialNumber.toLowerCase(),
        notBefore: validFromDate.getTime(),
        notAfter: validToDate.getTime(),
      }
    } finally {
      socket.destroy()
    }
  }

  /** By the clock of the issuer, and of everybody whose clock is right. */
  async function assertPortIsValid(): Promise<string> {
    const { serial, notBefore, notAfter } = await served()
    const now = site.kit.clock.now()
    assert.ok(notBefore <= now && now < notAfter, `nginx serves ${serial} at the wrong time; ${host.told()}`)
    return serial
  }

  async function assertComesBack(before: string): Promise<void> {
    await site.run(15 * minuteMs)
    assert.notEqual(await assertPortIsValid(), before)
    assert.deepEqual(host.alarms(), [])
  }

  async function assertValidFor(hours: number): Promise<void> {
    for (let passed = 0; passed < hours; passed += 4) {
      await site.run(4 * hourMs)
      await assertPortIsValid()
    }
  }

  /** Until shortly before the next certificate is minted. */
  async function nearlyDue(): Promise<string> {
    const dueAt = host.state().staged?.promise?.mintAt ?? 0
    await site.run(dueAt - host.clock.now() - 10 * minuteMs)
    return assertPortIsValid()
  }

  test('the issuer is away for a minute → the port is valid, nobody is woken, and the next one comes', async () => {
    const before = await nearlyDue()
    await site.run(9 * minuteMs)
    site.isAway = true
    await site.run(minuteMs)
    assert.deepEqual(host.alarms(), [])
    assert.equal(await assertPortIsValid(), before)
    site.isAway = false
    await assertComesBack(before)
  })

  test('the issuer is away for 6 hours → the port has the old, valid one all the time, it is told, and the next one comes', async () => {
    const before = await nearlyDue()
    site.isAway = true
    for (let hour = 0; hour < 6; hour++) {
      await site.run(hourMs)
      assert.equal(await assertPortIsValid(), before)
    }
    assert.match(
      host.told(),
      /^warning: .*cannot be reached.* See whether the issuer runs and whether this host reaches it/m,
    )
    site.isAway = false
    await assertComesBack(before)
  })

  test('the issuer is away for 30 hours → critical before the end and after, and the port has a new one without a person', async () => {
    const before = await nearlyDue()
    site.isAway = true
    await site.run(host.state().head.notAfter - host.clock.now() - hourMs)
    assert.equal(await assertPortIsValid(), before)
    assert.match(host.told(), /^critical: the installed certificate should have been replaced by now/m)
    await site.run(19 * hourMs)
    assert.match(host.told(), /^critical: the installed certificate expired at /m)
    assert.equal((await served()).serial, before)
    site.isAway = false
    await assertComesBack(before)
  })

  test('the issuer is back with an older backup → the port has the old, valid one, it is told, and the newest store brings the next one', async () => {
    await site.backUp()
    await site.run(26 * hourMs)
    const before = await assertPortIsValid()
    const undo = await site.restore()
    await site.run(13 * hourMs)
    assert.equal(await assertPortIsValid(), before)
    assert.match(
      host.told(),
      /^critical: .*If the issuer was restored from a backup, restore its newest store\./m,
    )
    await undo()
    await site.run(90 * minuteMs)
    await assertComesBack(before)
  })

  test('asleep for 3 days → the port has a new certificate within a minute of waking up', async () => {
    await site.run(5 * hourMs)
    const before = await assertPortIsValid()
    await site.sleep(3 * dayMs)
    await site.run(minuteMs)
    assert.notEqual(await assertPortIsValid(), before)
    await assertComesBack(before)
  })

  test('asleep for 30 days → the port stays as it was, the alarm has the command, and that brings it back', async () => {
    const before = await assertPortIsValid()
    await site.sleep(30 * dayMs)
    await site.run(10 * minuteMs)
    assert.equal((await served()).serial, before)
    assert.match(
      host.told(),
      /^critical: .*nrol again: `mayfly token create` at the issuer, then `mayfly agent enroll TOKEN` here\.$/m,
    )
    await host.enroll()
    await assertComesBack(before)
  })

  for (const [way, skewMs] of [
    ['ahead of', hourMs],
    ['behind', -hourMs],
  ] as const) {
    test(`the clock an hour ${way} the issuer's → the port is valid for a day and more, and it is told; well once it is set`, async () => {
      const before = await assertPortIsValid()
      host.clock.jump(skewMs)
      await assertValidFor(28)
      assert.match(
        host.told(),
        new RegExp(`the clock of this host is 36\\d\\d s ${way} the issuer's\\. Set it\\.`),
      )
      host.clock.jump(-skewMs)
      await site.run(14 * hourMs)
      await assertComesBack(before)
    })
  }

  for (const [way, jumpMs, sentence] of [
    ['forward', 3 * dayMs, /is 3 d ahead of .* seems to have expired\. Set the clock/],
    ['back', -3 * dayMs, /is 3 d behind .* seems to be not valid yet\. Set the clock/],
  ] as const) {
    test(`the clock jumps three days ${way} for eight hours, and back → the old one is served, it is told, and comes back`, async () => {
      await site.run(2 * hourMs)
      const before = await assertPortIsValid()
      host.clock.jump(jumpMs)
      await assertValidFor(8)
      assert.equal((await served()).serial, before)
      assert.match(host.told(), sentence)
      host.clock.jump(-jumpMs)
      await assertValidFor(12)
      await assertComesBack(before)
    })
  }

  for (const [what, zone, start] of [
    ['a leap day', 'Pacific/Kiritimati', '2028-02-28T12:00:00Z'],
    ['the change to summer time', 'Europe/Berlin', '2028-03-25T12:00:00Z'],
  ] as const) {
    test(`${what} in ${zone} → the port is valid throughout, renewed as ever`, async () => {
      await end()
      const before = process.env.TZ
      process.env.TZ = zone
      try {
        await begin(Date.parse(start))
        const first = await assertPortIsValid()
        await assertValidFor(28)
        assert.notEqual(await assertPortIsValid(), first)
        assert.deepEqual(host.alarms(), [])
      } finally {
        if (before === undefined) delete process.env.TZ
        else process.env.TZ = before
      }
    })
  }
})

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { minuteMs, parseCertificateChain, parsePrivateKey } from '@mayfly/ca-core'
import { type FailingDisk, openFailingDisk } from '../support/faults/failing-disk.ts'
import { rootedFileSystem } from '../support/faults/rooted-file-system.ts'
import { createTimedSite, type TimedHost, type TimedSite } from '../support/hosts/timed-host.ts'

/** More than a rotation has. */
const callsMax = 400
/** What a rotation has at the least: key, promise, journal, five files, link. */
const callsMin = 40

describe('a disk that is full at every single call of a rotation, with the real issuer and the real file system', {
  timeout: 880_000,
}, () => {
  let root: string
  let disk: FailingDisk
  let site: TimedSite
  let wishes = 0

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'mayfly-full-'))
    disk = await openFailingDisk(root)
    site = await createTimedSite()
  })
  afterEach(async () => {
    disk?.close()
    await site?.close()
    await rm(root, { recursive: true, force: true })
  })

  const fileSystem = () => rootedFileSystem(root)
  const liveFile = async (name: string): Promise<string> =>
    new TextDecoder().decode(await fileSystem().readFile(`/etc/live/web/${name}`))

  /** The files are whole, of one generation, and what the port serves is valid. */
  async function assertServed(host: TimedHost, where: string): Promise<void> {
    const [leaf] = parseCertificateChain(await liveFile('fullchain.pem'))
    assert.equal(parsePrivateKey(await liveFile('key.pem')).publicKey.hash, leaf?.publicKey.hash, where)
    assert.ok(host.servesValid(), where)
  }

  /** Wants a certificate, and lets the host go on for as long as it takes with room on the disk. */
  async function wish(host: TimedHost): Promise<void> {
    // Of a time long past, so that no wait after a failure is cut short.
    wishes += 1
    await fileSystem().replaceFile('/state/renewals/web', Buffer.from(String(wishes)), { mode: 0o600 })
    host.wake()
  }

  for (const until of ['mended', 'next-call'] as const) {
    test(`full ${until === 'mended' ? 'from there until there is room' : 'for that one call'} → the old one is served, the alarm says to make room, and it comes back by itself`, async () => {
      const name = `web-${until}`
      const host = site.host(name, '192.0.2.1', { fileSystem: fileSystem() })
      await host.enroll()
      await site.run(minuteMs)
      await assertServed(host, 'before')

      let reached = true
      let failures = 0
      for (let call = 1; reached && call < callsMax; call++) {
        const where = `${name}, call ${call}`
        const before = host.server.servedChain
        await wish(host)
        disk.begin({ call, until })
        await host.step()
        const told = host.alarms().map(({ message }) => message)
        await assertServed(host, where)
        reached = disk.mend() >= call
        if (reached) failures++
        // What one retry mends at once needs nobody.
        if (reached && until === 'mended') {
          assert.ok(
            told.some((message) => /no space is left on the disk.*Make room/.test(message)),
            `${where}: ${JSON.stringify(told)}`,
          )
        }
        for (let minute = 0; minute < 15 && !(await isWell(host, before)); minute++) {
          await site.run(minuteMs)
          await assertServed(host, where)
        }
        assert.ok(await isWell(host, before), `${where}: ${describeState(host, before)}`)
      }
      assert.equal(reached, false, 'the rotation has more calls than the limit')
      assert.ok(failures >= callsMin, `only ${failures} calls were tried`)
    })
  }

  function describeState(host: TimedHost, before: string | undefined): string {
    const { live, candidate, setbacks, staged } = host.state()
    const { keyPem: _, ...key } = staged ?? { keyPem: '' }
    const isNew = host.server.servedChain !== before
    return JSON.stringify({ alarms: host.alarms(), live, candidate: candidate?.serial, setbacks, key, isNew })
  }

  /** A newer certificate is served, and nothing is left of the trouble. */
  async function isWell(host: TimedHost, before: string | undefined): Promise<boolean> {
    const { live, candidate, setbacks, head } = host.state()
    const isServed = live?.served === true && host.server.servedChain === head.chainPem
    const isCalm = candidate === undefined && Object.keys(setbacks).length === 0 && host.alarms().length === 0
    return isServed && isCalm && host.server.servedChain !== before
  }
})

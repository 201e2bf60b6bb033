import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { systemClock } from '@mayfly/platform'
import { type LiveIssuer, startLiveIssuer } from '../../packages/issuer-daemon/test/support/live-issuer.ts'
import {
  enrolled,
  type Held,
  newKey,
  postRequest,
  signedRequest,
} from '../../packages/issuer-daemon/test/support/test-host.ts'
import { stageFleet } from '../crash/staged-fleet.ts'
import { mountSmallDisk, unmountDisk } from '../support/faults/small-disk.ts'
import { until } from '../support/servers/started-server.ts'

const diskBytes = 8 * 1024 * 1024
/** So many requests may still find room that the store had set aside. */
const requestsUntilFullMax = 2_000
const requestsWhileFull = 25
const sweepsWhileFull = 3
const staged = 20
const dueAfterMs = 5_000

/** The way to every certificate goes over a disk that takes nothing more. */
describe('the disk of the store is full', { timeout: 240_000 }, () => {
  let folder: string
  let disk: string | undefined
  let issuer: LiveIssuer | undefined
  let host: Held

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-full-'))
    disk = await mountSmallDisk(folder, diskBytes)
    const yaml = `
store: ${folder}/store.sqlite
sweep: { cron: '* * * * * *' }
limits: { identity: { perMinute: 100000, burst: 5000 }, address: { perMinute: 100000, burst: 5000 } }
`
    issuer = await startLiveIssuer({ yaml })
    const { token } = await issuer.admin.createToken({ identity: 'web-1', names: ['dns:web-1.example'] })
    host = await enrolled(issuer, token)
  })
  afterEach(async () => {
    await issuer?.close()
    if (disk !== undefined) await unmountDisk(disk)
    await rm(folder, { recursive: true, force: true })
  })

  const live = (): LiveIssuer => issuer ?? assert.fail('there is no issuer')
  const failedSweeps = (): number => live().log().split('"stopped":"store-unavailable"').length - 1

  /** What the store says was issued, and what a count of the certificates in it says. */
  async function issuedSoFar(): Promise<readonly [issued: number, kept: number]> {
    const { issued, certificates } = await live().store.counts(systemClock.now())
    return [issued, certificates]
  }

  it('a read-only or full disk leads to endless issuance: the disk of the store is full to the last byte → 503 with Retry-After, nothing is signed that is not recorded; then it goes on by itself', async (context) => {
    if (disk === undefined) {
      context.skip('mounting is not allowed here')
      return
    }
    // Due while the disk takes nothing, so that sweeps meet it too.
    await stageFleet(live().store, staged, systemClock.now() + dueAfterMs + 60_000)
    await fillDisk(disk)
    const next = await newKey()
    const askAgain = async () => postRequest(live(), await signedRequest(host, { next }))
    for (let asked = 0; (await askAgain()).status !== 503; asked += 1) {
      assert.ok(asked < requestsUntilFullMax, 'the disk does not fill')
    }

    const before = await issuedSoFar()
    const renewal = { next, immediate: true }
    for (let asked = 0; asked < requestsWhileFull; asked += 1) {
      const { status, headers, json } = await postRequest(live(), await signedRequest(host, renewal))
      assert.equal(status, 503)
      assert.equal((json as { code: string }).code, 'store-unavailable')
      assert.match(String(headers['retry-after']), /^[1-9]\d*$/)
    }
    const sweeps = failedSweeps()
    await until(() => failedSweeps() >= sweeps + sweepsWhileFull, 'sweeps that meet the disk', 60_000)
    assert.deepEqual(await issuedSoFar(), before)

    await rm(join(disk, 'ballast'))
    await until(
      async () => (await postRequest(live(), await signedRequest(host, renewal))).status === 200,
      'a certificate once there is room',
      60_000,
    )
    const noneWaits = async () => (await live().store.counts(systemClock.now())).staged === 0
    await until(noneWaits, 'the keys that were due', 60_000)
    const [issued] = await issuedSoFar()
    assert.equal(issued, before[0] + staged + 1)
  })
})

/** Writes until not a byte more fits. */
async function fillDisk(path: string): Promise<void> {
  const ballast = openSync(join(path, 'ballast'), 'w')
  try {
    for (let size = 65_536; size >= 1; ) {
      try {
        const before = fstatSync(ballast).size
        if (writeSync(ballast, Buffer.alloc(size), 0, size, before) < size) size = Math.floor(size / 2)
      } catch {
        size = Math.floor(size / 2)
      }
    }
  } finally {
    closeSync(ballast)
  }
}

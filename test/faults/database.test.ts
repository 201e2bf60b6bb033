import assert from 'node:assert/strict'
import { appendFile, chown, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { KeyPair } from '@mayfly/ca-core'
import { mayfly } from '../../packages/cli/test/support/run-mayfly.ts'
import {
  type DatabaseServer,
  startDatabaseServer,
} from '../../packages/issuer-daemon/test/support/database-server.ts'
import { type Answered, ask } from '../../packages/issuer-daemon/test/support/https-caller.ts'
import { type LiveIssuer, startLiveIssuer } from '../../packages/issuer-daemon/test/support/live-issuer.ts'
import {
  enrolled,
  type Held,
  heldFrom,
  newKey,
  postRequest,
  signedRequest,
} from '../../packages/issuer-daemon/test/support/test-host.ts'
import { mountSmallDisk, unmountDisk } from '../support/faults/small-disk.ts'
import { hurriedClock } from '../support/hosts/hurried-clock.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { until } from '../support/servers/started-server.ts'

/** Ten seconds of the issuer's patience in one; what the database's driver waits for by itself is not hurried. */
const hurry = 10
const requestsInFault = 6
const waitMs = 15_000
/** The tables have some pages with room in them. */
const requestsInRoomMax = 200
/** An empty database takes 8 MiB, and its tables hardly more. */
const smallDiskBytes = 24 * 2 ** 20

describe('the database is at fault → nothing is signed or told that is not recorded, and it goes on by itself', {
  timeout: 60_000,
  skip: withoutPackages('postgresql'),
}, () => {
  let database: DatabaseServer
  let storeUrl: string
  let issuer: LiveIssuer
  let small: string | undefined
  const hosts: Held[] = []

  before(async () => {
    database = await startDatabaseServer()
    small = await mountFor(database)
    storeUrl = await database.createDatabase(small && 'small')
    const limit = '{ perMinute: 100000, burst: 5000 }'
    issuer = await startLiveIssuer({
      clock: hurriedClock(hurry),
      yaml: [
        `store: ${storeUrl}`,
        "sweep: { cron: '* * * * * *' }",
        `limits: { identity: ${limit}, address: ${limit} }`,
        'issuing: { dailyQuota: 100000 }',
        'log: { level: debug }',
      ].join('\n'),
    })
    for (const identity of ['web-0', 'web-1']) {
      const names = [`dns:${identity}.test`]
      hosts.push(
        await enrolled(
          issuer,
          (await issuer.admin.createToken({ identity, profile: 'server', names })).token,
        ),
      )
    }
  })
  after(async () => {
    await database?.resume()
    await issuer?.close()
    if (small !== undefined) await database.crash()
    if (small !== undefined) await unmountDisk(small)
    await database?.remove()
  })

  /** Signatures so far, as the issuer tells of each. */
  function signatures(): number {
    return issuer.log().split('"step":"signed"').length
  }

  async function askFor(next: KeyPair, index: number, immediate = true): Promise<Answered> {
    const host = hosts[index] ?? assert.fail('there is no such host')
    return postRequest(issuer, await signedRequest(host, { next, immediate }))
  }

  async function certificatesOf({ publicKey }: KeyPair): Promise<unknown> {
    const [row] = await database.ask(
      storeUrl,
      'SELECT count(*)::int AS n FROM mayfly.issuance WHERE key = $1 AND state = 1',
      [Buffer.from(publicKey.hash, 'hex')],
    )
    return row?.n
  }

  function assertToComeAgain({ status, headers, json }: Answered): void {
    assert.equal(status, 503)
    assert.equal((json as { code: string }).code, 'store-unavailable')
    assert.match(String(headers['retry-after']), /^[1-9]\d*$/)
  }

  it('its disk is full to the last byte → certificates for as long as there is room, then 503 and no signature', async (context) => {
    if (small === undefined) return context.skip('needs the right to mount')
    const filler = join(small, 'filler')
    await fill(filler)
    const asked: KeyPair[] = []
    let answer: Answered
    do {
      const next = await newKey()
      asked.push(next)
      answer = await askFor(next, 0)
      if (answer.status === 200) hosts[0] = heldFrom(answer, next)
    } while (answer.status === 200 && asked.length < requestsInRoomMax)
    assertToComeAgain(answer)
    const signed = signatures()
    const [last = assert.fail('nothing was asked')] = asked.slice(-1)
    for (let again = 0; again < requestsInFault; again++) assertToComeAgain(await askFor(last, 0))
    assert.equal(signatures(), signed)
    await rm(filler)
    await until(async () => (await askFor(last, 0)).status === 200, 'a certificate', waitMs)
    hosts[0] = heldFrom(await askFor(last, 0), last)
    for (const key of asked) assert.equal(await certificatesOf(key), 1)
  })

  it('it stands still (SIGSTOP) → 503, in a sweep too; one certificate for each key in the end', async () => {
    const [next, staged] = [await newKey(), await newKey()]
    assert.equal((await askFor(staged, 1, false)).status, 202)
    await database.ask(storeUrl, 'UPDATE mayfly.identity SET mint_at = 0 WHERE mint_at IS NOT NULL')
    await database.pause()
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.all(Array.from({ length: requestsInFault }, () => askFor(next, 0)))
      for (const answer of answers) assertToComeAgain(answer)
    }
    assert.equal((await ask(issuer.port, issuer.ca, { method: 'GET', path: '/readyz' })).status, 503)
    const look = ['issuer', 'status', '--socket', issuer.configuration.admin.socket]
    const [shown, told] = await Promise.all([mayfly([...look, '--json']), mayfly(look)])
    assert.deepEqual([shown.exitCode, told.exitCode], [2, 2], shown.stderr)
    assert.match(
      told.stdout,
      /Store +cannot be read \(see the alarm\)\n(?:.*\n)*.*store-unavailable +The store is away/,
    )
    const { authority, counts, alarms } = JSON.parse(shown.stdout)
    assert.deepEqual([typeof authority.subject, counts], ['string', undefined])
    assert.match(alarms[0].message, /^The store is away, at least since .* has not answered for 10 s/)
    await database.resume()
    await until(async () => (await askFor(next, 0)).status === 200, 'a certificate', waitMs)
    await until(async () => (await certificatesOf(staged)) === 1, 'the key that was due', waitMs)
    assert.equal((await askFor(next, 0)).status, 200)
    assert.equal(await certificatesOf(next), 1)
    await until(
      async () => (await issuer.admin.status()).alarms.length === 0,
      'the end of the alarms',
      waitMs,
    )
  })
})

/** A disk of its own for the tables, without the log, which PostgreSQL cannot do without. */
async function mountFor({ folder, ask: askDatabase, rootUrl }: DatabaseServer): Promise<string | undefined> {
  const path = join(folder, 'small')
  await mkdir(path)
  const mounted = await mountSmallDisk(path, smallDiskBytes)
  if (mounted === undefined) return undefined
  const { uid, gid } = await stat(join(folder, 'data'))
  await mkdir(join(path, 'tables'))
  await chown(join(path, 'tables'), uid, gid)
  await askDatabase(rootUrl, `CREATE TABLESPACE small LOCATION '${join(path, 'tables')}'`)
  return mounted
}

/** Writes until there is no room. */
async function fill(path: string): Promise<void> {
  for (const bytes of [2 ** 16, 2 ** 12, 1]) {
    const room = Buffer.alloc(bytes)
    for (;;) {
      const isWritten = await appendFile(path, room).then(
        () => true,
        () => false,
      )
      if (!isWritten) break
    }
  }
}

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { KeyPair } from '@mayfly/ca-core'
import {
  type DatabaseServer,
  startDatabaseServer,
} from '../../packages/issuer-daemon/test/support/database-server.ts'
import { type Answered, ask } from '../../packages/issuer-daemon/test/support/https-caller.ts'
import { type LiveIssuer, startLiveIssuer } from '../../packages/issuer-daemon/test/support/live-issuer.ts'
import {
  enrolled,
  type Held,
  newKey,
  postRequest,
  signedRequest,
} from '../../packages/issuer-daemon/test/support/test-host.ts'
import { hurriedClock } from '../support/hurried-clock.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { until } from '../support/servers/started-server.ts'

/** Ten seconds of the issuer's patience in one; what the database's driver waits for by itself is not hurried. */
const hurry = 10
const requestsInFault = 6
const waitMs = 15_000

describe('the database stands still (SIGSTOP) → 503 for everyone, and it goes on by itself', {
  timeout: 30_000,
  skip: withoutPackages('postgresql'),
}, () => {
  let database: DatabaseServer
  let storeUrl: string
  let issuer: LiveIssuer
  const hosts: Held[] = []

  before(async () => {
    database = await startDatabaseServer()
    storeUrl = await database.createDatabase()
    const limit = '{ perMinute: 100000, burst: 5000 }'
    issuer = await startLiveIssuer({
      clock: hurriedClock(hurry),
      yaml: [
        `store: ${storeUrl}`,
        "sweep: { cron: '* * * * * *' }",
        `limits: { identity: ${limit}, address: ${limit} }`,
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
    await database?.remove()
  })

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

  it('requests and a sweep in it, and both again after → one certificate for each key', async () => {
    const [next, staged] = [await newKey(), await newKey()]
    assert.equal((await askFor(staged, 1, false)).status, 202)
    await database.ask(storeUrl, 'UPDATE mayfly.identity SET mint_at = 0 WHERE mint_at IS NOT NULL')
    await database.pause()
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.all(Array.from({ length: requestsInFault }, () => askFor(next, 0)))
      for (const { status, headers, json } of answers) {
        assert.equal(status, 503)
        assert.equal((json as { code: string }).code, 'store-unavailable')
        assert.match(String(headers['retry-after']), /^[1-9]\d*$/)
      }
    }
    assert.equal((await ask(issuer.port, issuer.ca, { method: 'GET', path: '/readyz' })).status, 503)
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

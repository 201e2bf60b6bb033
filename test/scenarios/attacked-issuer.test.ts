import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  enrolled,
  newKey,
  postRequest,
  signedRequest,
} from '../../packages/issuer-daemon/test/support/test-host.ts'
import { rssMiBOf } from '../bench/agents/process-cost.ts'
import { type AttackedIssuer, startAttackedIssuer } from '../bench/attack/attacked-issuer.ts'
import { startAttack } from '../bench/attack/attackers.ts'

/** Few of each kind, enough to meet each limit; how it holds under many is measured by `npm run bench`. */
const scale = {
  silent: 60,
  halfOpen: 30,
  idle: 20,
  slowBodies: 10,
  endlessBodies: 2,
  hugeBodies: 2,
  flooders: 6,
}
const recordsOfNobodyMax = 5
const yaml = `
limits:
  unprovenInAll: { perMinute: 1, burst: ${recordsOfNobodyMax} }
  identity: { burst: 100 }
`

// A suite, so that a run that leaves its test out does not start the issuer either, and ends.
describe('an issuer under attack', () => {
  let issuer: AttackedIssuer
  before(async () => {
    issuer = await startAttackedIssuer(yaml)
  })
  after(() => issuer.stop())

  it('slow requests, huge bodies, many connections, half-open handshakes: under all of them → a host is served', async () => {
    const { token } = await issuer.admin.createToken({ identity: 'web-1', names: ['dns:web-1.example'] })
    const host = await enrolled(issuer, token)
    const next = await newKey()
    const isServed = async (): Promise<void> =>
      assert.equal((await postRequest(issuer, await signedRequest(host, { next }))).status, 202)

    const attack = startAttack(issuer.port, issuer.ca, scale)
    try {
      // Until every kind was begun, and some of each were ended by the issuer.
      while (attack.counts.opened < 250) await sleep(20)
      for (let asked = 0; asked < 5; asked += 1) await isServed()
    } finally {
      await attack.stop()
    }
    await isServed()
    assert.ok((await rssMiBOf(issuer.pid)) < 600)

    const records = await issuer.admin.readAudit({ afterNumber: 0 })
    const ofNobody = records.filter(({ text }) => /"actor":\{"kind":"anonymous"\}/.test(text))
    // One more may have come with each minute.
    assert.ok(ofNobody.length >= 1 && ofNobody.length <= recordsOfNobodyMax + 5, `${ofNobody.length} records`)
  })
})

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Certificate,
  type Clock,
  dayMs,
  type IssuedAnswer,
  parseCertificateChain,
  taintedHeader,
} from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { ask } from '../support/https-caller.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'
import { enrolled, type Held, newKey, postRequest, signedRequest } from '../support/test-host.ts'

/** The sweep comes only when it is called, or twice a day. */
const yaml = 'sweep: { cron: "0 */11 * * *" }'
const looksMax = 400

describe('taint', () => {
  let issuer: LiveIssuer
  let first: Certificate

  beforeEach(async () => {
    issuer = await startLiveIssuer({ yaml })
    first = await currentAuthority()
  })
  afterEach(() => issuer.close())

  async function currentAuthority(): Promise<Certificate> {
    const found = await enrol('probe')
    return found.authority
  }

  async function enrol(name: string): Promise<Held & { readonly authority: Certificate }> {
    const { token } = await issuer.admin.createToken({ identity: name, names: [`dns:${name}.example`] })
    const held = await enrolled(issuer, token)
    const stored = await issuer.store.certificate({ serial: held.certificate.serial })
    const [authority] = parseCertificateChain(stored?.chain.pem ?? '')
    assert.ok(authority)
    return { ...held, authority }
  }

  /** The intermediate under which a key was certified, as soon as it was. */
  async function mintedUnder(keyHash: string): Promise<string> {
    for (let looks = 0; looks < looksMax; looks += 1) {
      const found = await issuer.store.certificate({ keyHash })
      if (found !== undefined) return found.chain.fingerprint
      await sleep(20)
    }
    return assert.fail('the key was not certified')
  }

  it('no other is prepared → refused, nothing is tainted, and it issues on', async () => {
    await assert.rejects(issuer.admin.taintAuthority(first.fingerprint), {
      code: 'not-found',
      message: /was not tainted.*mayfly issuer install --prepare/s,
    })
    assert.deepEqual(await issuer.store.taints(), [])
    assert.equal((await enrol('web-1')).authority.fingerprint, first.fingerprint)
  })

  it('one that is not ours → refused', async () => {
    await assert.rejects(issuer.admin.taintAuthority('ab'.repeat(32)), { code: 'not-found' })
  })

  it('prepared → the current one signs on until it is tainted; then the staged keys are minted under the next', async () => {
    const web = await enrol('web-1')
    const staged = await newKey()
    assert.equal((await postRequest(issuer, await signedRequest(web, { next: staged }))).status, 202)
    const next = await issuer.prepareNext()
    assert.equal((await enrol('web-2')).authority.fingerprint, first.fingerprint)
    const ownBefore = issuer.issuer.ownSerial()

    const tainted = await issuer.admin.taintAuthority(first.fingerprint)
    assert.deepEqual([tainted.fingerprint, tainted.current], [first.fingerprint, next.fingerprint])
    assert.equal(await mintedUnder(staged.publicKey.hash), next.fingerprint)
    assert.equal((await enrol('web-3')).authority.fingerprint, next.fingerprint)

    // Its own TLS certificate, and what hosts are told.
    while (issuer.issuer.ownSerial() === ownBefore) await sleep(20)
    const { headers } = await ask(issuer.port, issuer.ca, { method: 'GET', path: '/v1/bundle' })
    assert.equal(headers[taintedHeader], first.fingerprint)

    const { intermediates, alarms } = await issuer.admin.status()
    const retired = intermediates.find(({ slot }) => slot === 'retired')
    assert.equal(retired?.fingerprint, first.fingerprint)
    assert.ok((retired?.liveLeaves ?? 0) >= 3 && retired?.taintedAt !== undefined)
    assert.deepEqual(
      alarms.map(({ because }) => because),
      ['authority-tainted'],
    )
    const texts = (await issuer.admin.readAudit()).map(({ text }) => text)
    assert.equal(texts.filter((text) => /"action":"authority.taint".*"outcome":"done"/.test(text)).length, 1)
  })

  it('a key that was certified under it → keeps its one certificate; the host gets another for another key', async () => {
    const web = await enrol('web-1')
    const certified = await newKey()
    const early = await postRequest(issuer, await signedRequest(web, { next: certified, immediate: true }))
    assert.equal(early.status, 200)
    const next = await issuer.prepareNext()
    await issuer.admin.taintAuthority(first.fingerprint)
    const again = await postRequest(issuer, await signedRequest(web, { next: certified, immediate: true }))
    assert.equal((again.json as IssuedAnswer).serial, (early.json as IssuedAnswer).serial)

    const another = await newKey()
    const replaces = [certified.publicKey.hash]
    const renewal = { next: another, replaces, immediate: true }
    const answer = await postRequest(issuer, await signedRequest(web, renewal))
    const [, authority] = parseCertificateChain((answer.json as IssuedAnswer).chain)
    assert.equal(authority?.fingerprint, next.fingerprint)
  })

  it('the prepared one is tainted → the current one signs on, and cannot be tainted before there is another', async () => {
    const next = await issuer.prepareNext()
    await issuer.admin.taintAuthority(next.fingerprint)
    assert.equal((await enrol('web-1')).authority.fingerprint, first.fingerprint)
    await assert.rejects(issuer.admin.taintAuthority(first.fingerprint), { code: 'authority-tainted' })
    await assert.rejects(issuer.admin.activateAuthority(), { code: 'authority-tainted' })
  })

  it('replaced first, then tainted → the same, without one that is prepared', async () => {
    const web = await enrol('web-1')
    const staged = await newKey()
    await postRequest(issuer, await signedRequest(web, { next: staged }))
    const next = await issuer.installNext()
    await issuer.issuer.reload(issuer.configuration)
    await issuer.admin.taintAuthority(first.fingerprint)
    assert.equal(await mintedUnder(staged.publicKey.hash), next.fingerprint)
  })

  it('activate → the prepared one signs, and the one before is only retired', async () => {
    const next = await issuer.prepareNext()
    const { fingerprint } = await issuer.admin.activateAuthority()
    assert.equal(fingerprint, next.fingerprint)
    assert.equal((await enrol('web-1')).authority.fingerprint, next.fingerprint)
    assert.deepEqual((await issuer.admin.status()).alarms, [])
    await assert.rejects(issuer.admin.activateAuthority(), { code: 'not-found' })
  })
})

describe('retire', () => {
  it('the last certificate under it has expired → its key is destroyed, and the audit says so', async () => {
    let shiftMs = 0
    const clock: Clock = {
      now: () => systemClock.now() + shiftMs,
      monotonic: () => systemClock.monotonic() + shiftMs,
      sinceBoot: () => systemClock.sinceBoot() + shiftMs,
      sleep: (milliseconds, signal) => systemClock.sleep(milliseconds, signal),
    }
    const issuer = await startLiveIssuer({ clock, yaml: 'sweep: { cron: "* * * * * *" }' })
    try {
      await issuer.prepareNext()
      const [before] = (await issuer.admin.status()).intermediates
      assert.ok(before)
      await issuer.admin.taintAuthority(before.fingerprint)
      const key = join(issuer.configuration.state, 'authority/retired', before.fingerprint, 'key.pem')
      assert.ok(existsSync(key))
      shiftMs = dayMs + 60_000
      for (let looks = 0; looks < looksMax && existsSync(key); looks += 1) await sleep(50)
      assert.ok(!existsSync(key))
      const { intermediates, alarms } = await issuer.admin.status()
      assert.equal(intermediates.find(({ slot }) => slot === 'retired')?.hasKey, false)
      assert.ok(alarms.every(({ because }) => because !== 'authority-tainted'))
    } finally {
      await issuer.close()
    }
  })
})

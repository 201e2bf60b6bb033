import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { encodePrivateKey, generateKeyPair, type Hsm, type HsmKey } from '@mayfly/ca-core'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { withoutPackages } from '../../../../test/support/missing-programs.ts'
import { hsmProcesses, makeSoftHsm, type SoftHsm } from '../../../../test/support/soft-hsm.ts'
import { openHsm } from '../../src/hsm/open-hsm.ts'

const message = Buffer.from('a certificate')

describe('openHsm', { skip: withoutPackages('softhsm2') }, () => {
  let folder: string
  let token: SoftHsm
  let clock: FakeClock
  let made = 0
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-hsm-'))
    token = makeSoftHsm(folder)
    clock = new FakeClock()
  })
  after(() => rm(folder, { recursive: true }))

  function open(change: { uri?: string; pin?: () => Promise<Uint8Array>; answerMs?: number } = {}): Hsm {
    const { uri, pin, environment } = token
    return openHsm({
      uri,
      pin: async () => Buffer.from(pin),
      clock,
      environment: { ...process.env, ...environment },
      ...change,
    })
  }

  async function withKey(
    work: (key: HsmKey, hsm: Hsm) => Promise<void>,
    change?: Parameters<typeof open>[0],
  ): Promise<void> {
    const hsm = open(change)
    try {
      made += 1
      await work(
        await hsm.makeKey({ keyType: 'ec-p256', id: Uint8Array.of(made), label: `key ${made}` }),
        hsm,
      )
    } finally {
      await hsm.close()
    }
    assert.deepEqual(hsmProcesses(), [])
  }

  it("a key's module that crashes → another process signs, and nobody notices", () =>
    withKey(async ({ signer }) => {
      const [pid = 0] = hsmProcesses()
      process.kill(pid, 'SIGSEGV')
      const signatures = await Promise.all([signer.sign(message), signer.sign(message)])
      assert.equal(signatures.length, 2)
      assert.equal(signer.fault?.(), undefined)
      assert.equal(hsmProcesses().length, 1)
      assert.notEqual(hsmProcesses()[0], pid)
    }))

  it('the module hangs → its process is ended, and another signs', () =>
    withKey(
      async ({ signer }) => {
        const [pid = 0] = hsmProcesses()
        process.kill(pid, 'SIGSTOP')
        await signer.sign(message)
        assert.ok(!hsmProcesses().includes(pid))
      },
      // Longer than a login takes on a machine with much to do.
      { answerMs: 3_000 },
    ))

  it('the token is pulled out → hsm-unavailable at once for everybody; put in again → it signs by itself', () =>
    withKey(async ({ signer }, hsm) => {
      const changes: boolean[] = []
      hsm.onChange(() => changes.push(signer.fault?.() === undefined))
      token.pullOut()
      for (const pid of hsmProcesses()) process.kill(pid, 'SIGKILL')
      await assert.rejects(async () => signer.sign(message), {
        code: 'hsm-unavailable',
        message: /token mayfly test, .*libsofthsm2\.so\) is not available: there is no such token/,
      })
      assert.equal(signer.fault?.()?.since, clock.now())
      const before = hsmProcesses()
      await assert.rejects(async () => signer.sign(message), { code: 'hsm-unavailable' })
      assert.deepEqual(hsmProcesses(), before)
      assert.deepEqual(changes, [false])

      // It is looked for, and is not there yet.
      await untilAsleep(clock)
      await clock.advance(1_000)
      await untilAsleep(clock)
      assert.notEqual(signer.fault?.(), undefined)
      token.putIn()
      await clock.advance(2_000)
      while (signer.fault?.() !== undefined) await new Promise((resolve) => setImmediate(resolve))
      await signer.sign(message)
      assert.deepEqual(changes, [false, true])
    }))

  it('a wrong PIN → hsm-pin-wrong, and is not tried again; the right one → it signs', async () => {
    let pin = '000000'
    const hsm = open({ pin: async () => Buffer.from(pin) })
    const uri = 'pkcs11:object=none'
    await assert.rejects(hsm.findKey(uri), { code: 'hsm-pin-wrong', message: /the PIN is wrong/ })
    await assert.rejects(hsm.findKey(uri), {
      code: 'hsm-pin-wrong',
      message: /the PIN is still the one that it refused/,
    })
    assert.deepEqual(hsmProcesses(), [])
    pin = token.pin
    assert.equal(await hsm.findKey(uri), undefined)
    await hsm.close()
  })

  it('the PIN → neither on a command line nor in an environment', () =>
    withKey(async () => {
      for (const pid of hsmProcesses()) {
        for (const file of ['cmdline', 'environ'])
          assert.ok(!readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(token.pin))
      }
    }))

  it('a key that its owner put in → found by its label; two with one label → which is meant is asked', async () => {
    const hsm = open()
    const { publicKey, privateKey } = await generateKeyPair('ec-p384')
    const pem = encodePrivateKey({ type: 'ec-p384', publicKey, privateKey })
    token.importKey(pem, 'my own', 'aa01')
    const found = await hsm.findKey('pkcs11:object=my%20own')
    assert.deepEqual(Buffer.from(found?.signer.spki ?? []), Buffer.from(publicKey.spki))
    assert.match(found?.uri ?? '', /^pkcs11:token=mayfly%20test;serial=[0-9a-f]+;id=%aa%01;type=private$/)
    token.importKey(pem, 'my own', 'aa02')
    await assert.rejects(hsm.findKey('pkcs11:object=my%20own'), { message: /more than one key is meant/ })
    await hsm.close()
  })

  it('a module or token that is not there → hsm-unavailable with its name', async () => {
    const noModule = open({ uri: 'pkcs11:token=mayfly?module-path=/nowhere/module.so' })
    await assert.rejects(noModule.findKey('pkcs11:object=x'), {
      code: 'hsm-unavailable',
      message: /\/nowhere\/module\.so/,
    })
    const noToken = open({ uri: token.uri.replace('mayfly%20test', 'another') })
    await assert.rejects(noToken.findKey('pkcs11:object=x'), { message: /token another, .*no such token/ })
    const libc = /\S+\/libc\.so\.6/.exec(readFileSync('/proc/self/maps', 'utf8'))?.[0]
    const noCryptoki = open({ uri: `pkcs11:token=mayfly?module-path=${libc}` })
    await assert.rejects(noCryptoki.findKey('pkcs11:object=x'), {
      message: /undefined symbol: C_\w+\. Name the module of the token itself/,
    })
    assert.deepEqual(hsmProcesses(), [])
  })
})

async function untilAsleep(clock: FakeClock): Promise<void> {
  while (clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve))
}

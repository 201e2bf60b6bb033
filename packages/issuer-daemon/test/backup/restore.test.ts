import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { drawSerial, generateKeyPair, hourMs, isMayflyError, minuteMs, type Trace } from '@mayfly/ca-core'
import { backUpStore } from '../../src/backup/back-up-store.ts'
import { restoreStore } from '../../src/backup/restore-store.ts'
import { assertRefused } from '../support/assert-refused.ts'
import {
  attempted,
  auditOf,
  createHost,
  createIssuerKit,
  createTestToken,
  type IssuerKit,
  type TestHost,
} from '../support/issuer-kit.ts'

const trace: Trace = { step: () => undefined }

describe('backup and restore', () => {
  let folder: string
  let backup: string
  let kit: IssuerKit
  let host: TestHost

  const back = () => backUpStore({ store: kit.path, out: backup, now: kit.clock.now() })
  const alarms = async () => (await kit.issuer.status()).alarms.map(({ because }) => because)
  const admin = (work: (attempt: Parameters<typeof kit.issuer.acceptForgotten>[0]) => Promise<unknown>) =>
    attempted(kit.issuer, 'test', undefined, work)

  async function restore(options: { acceptForgotten?: boolean } = {}) {
    await kit.store.close()
    const now = kit.clock.now()
    const restored = await restoreStore({
      backup,
      store: kit.path,
      now,
      acceptForgotten: false,
      trace,
      ...options,
    })
    kit = await kit.reopen()
    await kit.issuer.recover()
    return restored
  }

  /** And takes away what is beside its file. */
  async function closeStore() {
    await kit.store.close()
    for (const suffix of ['-wal', '-shm']) rmSync(`${kit.path}${suffix}`, { force: true })
  }

  /** An end of the history that has more in it than the backup. */
  async function headOfLater() {
    await host.request()
    await kit.issuer.sweep({ until: kit.clock.now() })
    return (await host.request()).auditHead ?? assert.fail('there is no end')
  }

  /** As an agent asks that was told `lineage-unknown`. */
  const requestShowing = (shown: TestHost = host) => shown.request({ introduce: true })

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mayfly-backup-'))
    backup = join(folder, 'issuer.backup')
    kit = await createIssuerKit()
    host = createHost(() => kit, 'web-1', '192.0.2.1')
    await host.enroll()
  })
  afterEach(async () => {
    await kit.close()
    rmSync(folder, { recursive: true })
  })

  it('made while the issuer works → one private file, complete; never over another', async () => {
    const keyPair = await generateKeyPair('ec-p256')
    const [made] = await Promise.all([back(), ...Array.from({ length: 8 }, () => host.request({ keyPair }))])
    assert.equal(statSync(backup).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(folder), ['issuer.backup'])
    assert.ok(made.auditNumber >= 2)
    await assert.rejects(back(), (error) => isMayflyError(error, 'file-exists'))
    // Every page and the whole chain are looked at.
    await restore()
  })

  it('while the issuer runs → refused; of anything that is no backup → refused, and the store stays', async () => {
    await back()
    const now = kit.clock.now()
    const options = { backup, store: kit.path, now, acceptForgotten: false, trace }
    await assert.rejects(restoreStore(options), (error) => isMayflyError(error, 'already-running'))
    await kit.store.close()
    writeFileSync(join(folder, 'text'), 'no database')
    for (const [wrong, code] of [
      [join(folder, 'text'), 'store-invalid'],
      [join(folder, 'none'), 'file-missing'],
      [kit.path, 'store-invalid'],
    ] as const) {
      await assert.rejects(restoreStore({ ...options, backup: wrong }), (error) => isMayflyError(error, code))
    }
    const text = { ...options, backup: join(folder, 'text') }
    await assert.rejects(restoreStore(text), {
      message: new RegExp(`^${text.backup} is damaged, or no backup`),
    })
    kit = await kit.reopen()
    assert.equal((await kit.issuer.showIdentity('web-1')).state, 'active')
  })

  it('a restored backup → says so until it is acknowledged; what was suspended since stays suspended; tokens are revoked', async () => {
    await createHost(() => kit, 'web-2', '192.0.2.2').enroll()
    const token = await createTestToken(kit, 'web-1')
    await back()
    await kit.clock.advance(minuteMs)
    await admin((attempt) => kit.issuer.suspendIdentity('web-2', attempt))
    await createHost(() => kit, 'web-3', '192.0.2.3').enroll()
    const restored = await restore()
    assert.deepEqual(
      [restored.keptSuspended, restored.lostIdentities, restored.revokedTokens, restored.replacedReadable],
      [['web-2'], ['web-3'], 1, true],
    )
    assert.ok(statSync(restored.replaced ?? '').size > 0)
    assert.equal((await kit.issuer.showIdentity('web-2')).state, 'suspended')
    await assertRefused('token-revoked', host.enroll({ token }), kit)
    assert.deepEqual(await alarms(), ['store-restored'])
    await admin((attempt) => kit.issuer.acknowledgeAlarm('store-restored', attempt))
    assert.deepEqual(await alarms(), [])
    assert.equal((await auditOf(kit)).filter(({ action }) => action === 'store.restore').length, 1)
  })

  it('in conflict since, and resumed after the restore → its lineage has ended all the same', async () => {
    const copy = createHost(() => kit, 'web-1', '198.51.100.7')
    copy.use(host.current)
    await back()
    await host.request()
    await assertRefused('lineage-conflict', copy.request(), kit)
    assert.deepEqual((await restore()).keptSuspended, ['web-1'])
    const { suspension } = await kit.issuer.showIdentity('web-1')
    assert.deepEqual(suspension?.addresses, ['192.0.2.1', '198.51.100.7'])
    assert.ok((await alarms()).includes('lineage-conflict'))
    await admin((attempt) => kit.issuer.resumeIdentity('web-1', attempt))
    await assertRefused('lineage-ended', copy.request(), kit)
  })

  it('a lineage that a newer enrolment replaced since → stays ended; names of before → told', async () => {
    const former = createHost(() => kit, 'web-1', '198.51.100.7')
    former.use(host.current)
    await back()
    await host.enroll()
    await host.request()
    await admin((attempt) =>
      kit.issuer.applyIdentities(
        {
          identities: [{ name: 'web-1', profile: 'server', names: ['dns:web.example'] }],
          prune: false,
          dryRun: false,
        },
        attempt,
      ),
    )
    const restored = await restore({ acceptForgotten: true })
    assert.deepEqual([restored.endedLineages, restored.changedIdentities], [['web-1'], ['web-1']])
    await assertRefused('lineage-ended', former.request(), kit)
  })

  it('a key that was superseded since → suspended as a second host, and not taken for the newest', async () => {
    const former = createHost(() => kit, 'web-1', '198.51.100.7')
    former.use(host.current)
    await back()
    for (let generations = 0; generations < 2; generations++) {
      const keyPair = await generateKeyPair('ec-p256')
      await host.request({ keyPair, immediate: true })
      const held = await host.fetch(keyPair)
      assert.ok(held)
      host.use(held)
    }
    await host.request()
    await kit.clock.advance(minuteMs)
    assert.deepEqual((await restore()).endedLineages, [])
    await assertRefused('lineage-conflict', former.request(), kit)
  })

  it('restored from a backup that is newer than the store → what that does not know goes on', async () => {
    await back()
    await kit.store.close()
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${kit.path}${suffix}`, { force: true })
    kit = await kit.reopen()
    await createTestToken(kit, 'web-1')
    const restored = await restore()
    assert.deepEqual([restored.endedLineages, restored.changedIdentities], [[], []])
    assert.equal((await host.request()).status, 'scheduled')
  })

  it('over a store that cannot be read → tells that suspensions since are unknown', async () => {
    await back()
    await closeStore()
    writeFileSync(kit.path, 'torn')
    const now = kit.clock.now()
    const restored = await restoreStore({ backup, store: kit.path, now, acceptForgotten: false, trace })
    assert.equal(restored.replacedReadable, false)
    kit = await kit.reopen()
    assert.match(
      (await kit.issuer.status()).alarms[0]?.message ?? '',
      /who was suspended since, and which intermediates were tainted, is unknown/,
    )
  })

  it('put in place by hand → the same alarm, until it is acknowledged; that a host holds a later end is none', async () => {
    await back()
    const auditHead = await headOfLater()
    await closeStore()
    copyFileSync(backup, kit.path)
    kit = await kit.reopen()
    await kit.issuer.recover()
    await host.request({ report: { auditHead } })
    assert.deepEqual(await alarms(), ['store-restored'])
    kit = await kit.restart()
    await kit.issuer.recover()
    assert.deepEqual(await alarms(), ['store-restored'])
    await admin((attempt) => kit.issuer.acknowledgeAlarm('store-restored', attempt))
    kit = await kit.restart()
    await kit.issuer.recover()
    assert.deepEqual(await alarms(), [])
  })

  it('a host whose certificate is known → goes on as ever, and that it holds a later end of the history is no alarm', async () => {
    await back()
    const auditHead = await headOfLater()
    await restore()
    assert.equal((await host.request({ report: { auditHead } })).status, 'scheduled')
    assert.deepEqual(await alarms(), ['store-restored'])
  })

  describe('a key that waits in the backup', () => {
    const sweep = () => kit.issuer.sweep({ until: kit.clock.now() })
    const next = () => generateKeyPair('ec-p256')

    /** Stages a key, makes the backup, and lets the key's time come. */
    async function stageAndBackUp() {
      const keyPair = await next()
      const staged = await host.request({ keyPair })
      assert.equal(staged.status, 'scheduled')
      await back()
      await kit.clock.advance(18 * hourMs)
      return keyPair
    }

    it('certified since, and its host has that → not certified again; the host is taken up with what it has', async () => {
      const keyPair = await stageAndBackUp()
      assert.equal((await sweep()).minted, 1)
      const held = await host.fetch(keyPair)
      assert.ok(held)
      const restored = await restore({ acceptForgotten: true })
      assert.equal(restored.unstagedKeys, 1)
      assert.deepEqual(await sweep(), { due: 0, minted: 0, failed: 0 })
      assert.equal(await host.fetch(keyPair), undefined)
      host.use(held)
      assert.equal((await requestShowing()).status, 'scheduled')
      await kit.clock.advance(18 * hourMs)
      assert.equal((await sweep()).minted, 1, 'from then on as ever')
    })

    it('not certified → the sweep leaves it; its host asks again, and it is', async () => {
      const keyPair = await stageAndBackUp()
      await restore()
      assert.equal((await sweep()).minted, 0)
      const answer = await host.request({ keyPair, immediate: true })
      assert.equal(answer.status, 'issued')
      assert.equal((await host.fetch(keyPair))?.certificate.publicKey.hash, keyPair.publicKey.hash)
      assert.equal((await sweep()).minted, 0)
    })

    it('in a backup that was put in place by hand → the same', async () => {
      const keyPair = await stageAndBackUp()
      await sweep()
      await closeStore()
      copyFileSync(backup, kit.path)
      kit = await kit.reopen()
      await kit.issuer.recover()
      assert.equal((await sweep()).minted, 0)
      assert.equal(await host.fetch(keyPair), undefined)
    })
  })

  describe('a lineage that the store forgot', () => {
    beforeEach(async () => {
      await back()
      await kit.clock.advance(10 * minuteMs)
      await host.enroll()
      await kit.clock.advance(10 * minuteMs)
    })

    it('before a person has said so → lineage-unknown; afterwards → taken up once, its serial never used again', async () => {
      await restore()
      await assertRefused('lineage-unknown', requestShowing(), kit)
      await admin((attempt) => kit.issuer.acceptForgotten(attempt))
      await assertRefused('lineage-unknown', host.request(), kit)
      assert.equal((await requestShowing()).status, 'scheduled')
      assert.equal((await host.request()).status, 'scheduled')
      const { serial } = host.current.certificate
      const taken = (await auditOf(kit)).filter(({ action }) => action === 'lineage.take-up')
      assert.deepEqual(
        taken.map((record) => [record.identity, record.serial]),
        [['web-1', serial]],
      )
    })

    it('said with the restore → taken up', async () => {
      await restore({ acceptForgotten: true })
      assert.equal((await requestShowing()).status, 'scheduled')
    })

    it('said of an earlier restore → said of that one only', async () => {
      await restore({ acceptForgotten: true })
      rmSync(backup)
      await back()
      await kit.clock.advance(minuteMs)
      await host.enroll()
      await restore()
      await assertRefused('lineage-unknown', requestShowing(), kit)
    })

    it('shown by somebody who has not its key → refused, and nothing is taken up', async () => {
      await restore({ acceptForgotten: true })
      const thief = createHost(() => kit, 'web-1', '198.51.100.7')
      const { certificate } = host.current
      thief.use({ keyPair: await generateKeyPair('ec-p256'), certificate })
      await assertRefused('request-signature-invalid', requestShowing(thief), kit)
      assert.ok(!(await auditOf(kit)).some(({ action }) => action === 'lineage.take-up'))
      assert.equal((await requestShowing()).status, 'scheduled')
    })

    for (const [what, other] of [
      ['a serial', () => ({ serial: drawSerial(kit.ports.random, kit.clock.now()) })],
      ['a hash', () => ({ fingerprint: 'ab'.repeat(32) })],
    ] as const) {
      it(`shown under ${what} that is not its own → lineage-unknown, and nothing is taken up`, async () => {
        await restore({ acceptForgotten: true })
        const { keyPair, certificate } = host.current
        const by = { keyPair, certificate: { ...certificate, ...other() } }
        await assertRefused('lineage-unknown', host.request({ introduce: true, by }), kit)
        assert.ok(!(await auditOf(kit)).some(({ action }) => action === 'lineage.take-up'))
      })
    }

    it('a second copy of the identity → lineage-unknown', async () => {
      const copy = createHost(() => kit, 'web-1', '198.51.100.7')
      copy.use(host.current)
      await host.enroll()
      await restore({ acceptForgotten: true })
      // Taken up, though what it asks for is refused.
      await assertRefused('key-type-unsupported', host.request({ introduce: true, keyType: 'ec-p384' }), kit)
      await assertRefused('lineage-unknown', requestShowing(copy), kit)
      assert.equal((await host.request()).status, 'scheduled')
    })

    it('expired → lineage-unknown', async () => {
      await restore({ acceptForgotten: true })
      await kit.clock.advance(1_500 * minuteMs)
      await assertRefused('lineage-unknown', requestShowing(), kit)
    })

    it('suspended meanwhile → lineage-unknown', async () => {
      await admin((attempt) => kit.issuer.suspendIdentity('web-1', attempt))
      await restore({ acceptForgotten: true })
      await assertRefused('lineage-unknown', requestShowing(), kit)
    })
  })

  it('a store that was not restored → nothing to accept', async () => {
    await assertRefused(
      'not-found',
      admin((attempt) => kit.issuer.acceptForgotten(attempt)),
      kit,
    )
  })
})

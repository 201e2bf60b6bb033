import assert from 'node:assert/strict'
import { copyFileSync, linkSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { dayMs, minuteMs } from '@mayfly/ca-core'
import { auditChainOrigin, verifyAuditChain } from '../../packages/issuer-daemon/src/audit/audit-chain.ts'
import { backUpStore } from '../../packages/issuer-daemon/src/backup/back-up-store.ts'
import { restoreStore } from '../../packages/issuer-daemon/src/backup/restore-store.ts'
import type { ChangePart } from '../../packages/issuer-daemon/src/store/change.ts'
import { openSqliteStore } from '../../packages/issuer-daemon/src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../packages/issuer-daemon/src/store/store.ts'
import { audit, found, names, newIdentity, requestIds, start } from '../suites/store/store-records.ts'
import { withStore } from '../support/with-store.ts'
import { runKilledChild } from './killed-child.ts'
import type { StoreTask } from './store-task.ts'

const childPath = fileURLToPath(new URL('./store-child.ts', import.meta.url))

/** How the next try differs from the one that was killed: it is later. */
const restoring = { now: start + 3 * dayMs, acceptForgotten: false, trace: { step: () => undefined } }

describe('the store killed at each step of its upkeep', { timeout: 300_000 }, () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mayfly-store-crash-'))
    path = join(folder, 'store.sqlite')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const dies = (task: Partial<StoreTask> & Pick<StoreTask, 'do' | 'killAt'>) =>
    runKilledChild(childPath, { store: path, now: start + 2 * dayMs, ...task })

  const opened = <Result>(use: (store: Store) => Promise<Result>) => withStore(path, use)

  const apply = (...parts: ChangePart[]) =>
    opened(async (store) => assert.deepEqual(await store.commit([{ at: start, parts }]), [{ done: true }]))

  for (const [killAt, packedLater] of [
    ['audit.packing', 100],
    ['audit.packed', 0],
  ] as const) {
    it(`audit packed, killed at ${killAt} → every record is there once, and packing goes on`, async () => {
      const ids = Array.from({ length: 100 }, (_, index) => `request-${index}`)
      await apply(...ids.map(audit))
      await dies({ do: 'pack-audit', killAt })
      await opened(async (store) => {
        assert.deepEqual(await requestIds(store), ids)
        assert.equal(await store.packAudit(start + 2 * dayMs), packedLater)
        const records = await store.auditRecords({ afterNumber: 0, limit: 1_000 })
        assert.deepEqual(verifyAuditChain(auditChainOrigin, records), {
          intact: true,
          last: records.at(-1),
        })
      })
    })
  }

  for (const [killAt, isRestored] of [
    ['restore.copied', false],
    ['restore.prepared', false],
    ['restore.linked', false],
    ['restore.journal-moved', false],
    ['restore.exchanged', true],
  ] as const) {
    it(`restore killed at ${killAt} → the ${isRestored ? 'restored' : 'old'} store is whole; the next try works`, async () => {
      const backup = join(folder, 'backup')
      await apply({ do: 'add-identity', identity: newIdentity('web-1') })
      await backUpStore({ store: path, out: backup, now: start + minuteMs })
      await apply({ do: 'add-identity', identity: newIdentity('web-2') })
      await suspend('web-1')

      await dies({ do: 'restore', backup, killAt })
      assert.deepEqual(await opened(names), isRestored ? ['web-1'] : ['web-1', 'web-2'])
      assert.ok(await isSuspended('web-1'))

      const restored = await restoreStore({ ...restoring, backup, store: path })
      assert.deepEqual(await opened(names), ['web-1'])
      assert.ok(await isSuspended('web-1'))
      const left = readdirSync(folder).filter((name) => !name.endsWith('.lock'))
      const replaced = left.filter((name) => name.includes('replaced'))
      assert.deepEqual(
        left.filter((name) => !replaced.includes(name)),
        ['backup', 'store.sqlite'],
      )
      assert.equal(replaced.length, isRestored ? 2 : 1)
      assert.ok(replaced.some((name) => restored.replaced?.endsWith(name)))
    })
  }

  it('restore killed when the journal was moved, with changes in it → the next try has them back', async () => {
    const backup = join(folder, 'backup')
    await apply({ do: 'add-identity', identity: newIdentity('web-1') })
    await backUpStore({ store: path, out: backup, now: start + minuteMs })
    const store = await openSqliteStore({ path })
    await store.commit([{ at: start, parts: [{ do: 'add-identity', identity: newIdentity('web-2') }] }])
    const alias = `${path}.replaced-before`
    copyFileSync(path, `${path}.copy`)
    copyFileSync(`${path}-wal`, `${alias}-wal`)
    await store.close()
    renameSync(`${path}.copy`, path)
    linkSync(path, alias)

    const { lostIdentities, replaced } = await restoreStore({ ...restoring, backup, store: path })
    assert.deepEqual(lostIdentities, ['web-2'])
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('replaced')),
      [basename(replaced ?? '')],
    )
  })

  const isSuspended = (name: string) =>
    opened(async (store) => found(await store.identity({ name })).suspension !== undefined)

  async function suspend(name: string): Promise<void> {
    const identity = await opened(async (store) => found(await store.identity({ name })))
    const suspension = { at: start, because: 'operator', addresses: [] } as const
    await apply({ do: 'move-identity', next: { ...identity, suspension } })
  }
})

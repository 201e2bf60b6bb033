import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openSqliteStore } from '@mayfly/issuer-daemon'
import { IssuerProcess } from '../../packages/issuer-daemon/test/support/issuer-process.ts'
import {
  ceremony,
  makeRoot,
  writeConfiguration,
} from '../../packages/issuer-daemon/test/support/live-issuer.ts'
import { childProgram } from '../support/child-program.ts'
import { runKilledChild } from './killed-child.ts'
import type { RetireTask } from './retire-child.ts'

const childPath = fileURLToPath(new URL('./retire-child.ts', import.meta.url))

/** The steps in order, what a death there leaves of the key, and all that the audit says in the end. */
const steps = [
  { killAt: 'authority.retiring', leavesKey: true, told: ['begun', 'begun', 'done'] },
  { killAt: 'authority.key-destroyed', leavesKey: false, told: ['begun', 'done interrupted'] },
  { killAt: 'authority.retired', leavesKey: false, told: ['begun', 'done', 'done interrupted'] },
] as const

describe('the key of a retired intermediate', { timeout: 120_000 }, () => {
  let prepared: string
  let fingerprint: string
  let folder: string
  let state: string
  let grave: string

  before(async () => {
    prepared = await mkdtemp(join(tmpdir(), 'mayfly-retired-'))
    const root = await makeRoot()
    fingerprint = (await ceremony(prepared, root)).fingerprint
    await ceremony(prepared, root, undefined, 2)
  })
  after(() => rm(prepared, { recursive: true }))

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-retired-'))
    state = join(folder, 'state')
    await cp(prepared, state, { recursive: true })
    grave = join(state, 'authority/retired', fingerprint)
    assert.ok(existsSync(join(grave, 'key.pem')))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const storePath = (): string => join(state, 'store.sqlite')
  const taskOf = (killAt: string): RetireTask => ({ state, storePath: storePath(), killAt })

  /** Outcomes of the retirement, in the order of the audit. */
  async function told(): Promise<string[]> {
    const store = await openSqliteStore({ path: storePath() })
    const records = await store.auditRecords({ afterNumber: 0, limit: 100 })
    await store.close()
    return records
      .map(({ text }) => JSON.parse(text) as { action: string; outcome: string; reason?: string })
      .filter(({ action }) => action === 'authority.retire')
      .map(({ outcome, reason }) => (reason === undefined ? outcome : `${outcome} ${reason}`))
  }

  for (const { killAt, leavesKey, told: expected } of steps) {
    it(`killed at ${killAt} → begun is on record before the key goes, and the next run finishes and says so`, async () => {
      await runKilledChild(childPath, taskOf(killAt))
      assert.equal(existsSync(join(grave, 'key.pem')), leavesKey)
      assert.equal((await told())[0], 'begun')
      const next = spawn(process.execPath, [...childProgram(childPath), JSON.stringify(taskOf('never'))])
      assert.deepEqual(await once(next, 'exit'), [0, null])
      assert.deepEqual(await told(), expected)
      assert.deepEqual((await readdir(grave)).includes('key.pem'), false)
      assert.deepEqual((await readdir(grave)).includes('being-destroyed'), false)
    })
  }

  it('killed in between, and the issuer is started → its first sweep says that the key is destroyed', async () => {
    await runKilledChild(childPath, taskOf('authority.key-destroyed'))
    const issuer = new IssuerProcess(await writeConfiguration(folder))
    await issuer.logged('swept')
    assert.equal(await issuer.stopped(), 0)
    assert.deepEqual(await told(), ['begun', 'done interrupted'])
  })
})

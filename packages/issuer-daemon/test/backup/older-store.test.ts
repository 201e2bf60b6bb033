import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '@mayfly/platform'
import { withoutPackages } from '../../../../test/support/missing-programs.ts'
import { until } from '../../../../test/support/servers/started-server.ts'
import { readPostgresUrl } from '../../src/store/postgres/connecting/postgres-url.ts'
import { dumpCommand, loadDumpCommand } from '../../src/store/postgres/dump-commands.ts'
import { copyDatabase } from '../../src/store/sqlite/copy-database.ts'
import type { PostgresLocation } from '../../src/store/store-location.ts'
import { type DatabaseServer, startDatabaseServer } from '../support/database-server.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'
import { enrolled, newKey, postRequest, signedRequest } from '../support/test-host.ts'

const waitMs = 30_000

function locationOf(url: string): PostgresLocation {
  const read = readPostgresUrl(url)
  assert.ok(read.ok)
  return { kind: 'postgres', address: read.address, leaseSeconds: 300 }
}

const alarmsOf = async ({ admin }: LiveIssuer): Promise<string[]> =>
  (await admin.status()).alarms.map(({ because }) => because)

const markOf = async ({ configuration }: LiveIssuer): Promise<{ readonly number: number }> =>
  JSON.parse(await readFile(join(configuration.state, 'history-mark.json'), 'utf8'))

const isMarked = async (issuer: LiveIssuer): Promise<boolean> =>
  (await markOf(issuer)).number === (await issuer.store.auditEnd()).number

/** Of a dump, which says nothing of what it is when it is loaded. */
describe('an older database in the place of the newest', {
  skip: withoutPackages('postgresql'),
  timeout: 120_000,
}, () => {
  let server: DatabaseServer
  before(async () => {
    server = await startDatabaseServer()
  })
  after(() => server?.remove())

  it('at the start, and under a running issuer → the alarm of a restore, once; no key is minted ahead', async () => {
    const [url, copy] = [await server.createDatabase(), await server.createDatabase()]
    const dump = join(server.folder, 'dump')
    const run = (command: string) => promisify(execFile)('sh', ['-c', command])
    const yamlOf = (store: string) => `store: ${store}\nsweep: { cron: '* * * * * *' }`
    const issuer = await startLiveIssuer({ yaml: yamlOf(url) })
    try {
      const order = { identity: 'web-1', profile: 'server', names: ['dns:web-1.test'] } as const
      const web = await enrolled(issuer, (await issuer.admin.createToken(order)).token)
      await postRequest(issuer, await signedRequest(web, { next: await newKey() }))
      await until(() => isMarked(issuer).catch(() => false), 'a mark', waitMs)
      await run(dumpCommand(locationOf(url), dump))
      await issuer.admin.addIdentity({ name: 'web-2', profile: 'server', names: ['dns:web-2.test'] })
      await until(() => isMarked(issuer), 'a mark after the dump', waitMs)
      assert.deepEqual(await alarmsOf(issuer), [])

      await run(loadDumpCommand(locationOf(copy), dump))
      const restored = await startLiveIssuer({ yaml: yamlOf(copy), besides: issuer })
      try {
        const { alarms, counts } = await restored.admin.status()
        assert.equal(counts?.staged, 0)
        assert.deepEqual(await alarmsOf(restored), ['store-restored'])
        assert.match(alarms[0]?.message ?? '', /does not have record \d+ .*suspend again.*revoke the tokens/)
        await restored.admin.acknowledgeAlarm('store-restored')
        await until(() => isMarked(restored), 'a mark of the older store', waitMs)
        assert.deepEqual(await alarmsOf(restored), [])
        // What hosts hold of lineages that it forgot can be taken up again.
        assert.ok((await restored.admin.acceptForgotten()).restoredAt)
      } finally {
        await restored.close()
      }

      await run(loadDumpCommand(locationOf(url), dump))
      await until(async () => (await alarmsOf(issuer)).includes('store-restored'), 'the alarm', waitMs)
      assert.equal((await issuer.store.counts(systemClock.now())).staged, 0)
    } finally {
      await issuer.close()
    }
  })
})

describe('the mark of the history', () => {
  /** Each a store, a copy of it as it is now under another URL, and what is to be put away. */
  const stores = {
    async sqlite(folder: string) {
      const copy = join(folder, 'copy.sqlite')
      return {
        store: `${folder}/store.sqlite`,
        copy,
        makeCopy: () => copyDatabase(`${folder}/store.sqlite`, copy),
        remove: async () => undefined,
      }
    },
    async postgres(folder: string) {
      const server = await startDatabaseServer()
      const [store, copy] = [await server.createDatabase(), await server.createDatabase()]
      const run = (command: string) => promisify(execFile)('sh', ['-c', command])
      return {
        store,
        copy,
        async makeCopy() {
          await run(dumpCommand(locationOf(store), join(folder, 'dump')))
          await run(loadDumpCommand(locationOf(copy), join(folder, 'dump')))
        },
        remove: () => server.remove(),
      }
    },
  }

  for (const kind of ['sqlite', 'postgres'] as const) {
    const skip = kind === 'postgres' && withoutPackages('postgresql')
    it(`${kind}: changed since the last sweep, and neither swept nor stopped → found out all the same`, {
      skip,
    }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'mayfly-mark-'))
      const { store, copy, makeCopy, remove } = await stores[kind](folder)
      // One sweep at the start.
      const issuer = await startLiveIssuer({ yaml: `store: ${store}\nsweep: { cron: '0 0,12 * * *' }` })
      try {
        await issuer.admin.addIdentity({ name: 'web-1', profile: 'server', names: ['dns:web-1.test'] })
        await makeCopy()
        const before = (await issuer.store.auditEnd()).number
        await issuer.admin.addIdentity({ name: 'web-2', profile: 'server', names: ['dns:web-2.test'] })
        const isSeen = async () => (await markOf(issuer)).number > before
        await until(() => isSeen().catch(() => false), 'a mark of the change', waitMs)
        // As after SIGKILL: its folder as it is now, and the older store.
        const restored = await startLiveIssuer({ besides: issuer, yaml: `store: ${copy}` })
        assert.deepEqual(await alarmsOf(restored), ['store-restored'])
        await restored.close()
      } finally {
        await issuer.close()
        await remove()
        await rm(folder, { recursive: true })
      }
    })
  }

  it('the store has what it says → silence; a mark that cannot be read → not started, and says what to do', async () => {
    const issuer = await startLiveIssuer({ yaml: "sweep: { cron: '* * * * * *' }" })
    try {
      await until(() => isMarked(issuer).catch(() => false), 'a mark', waitMs)
      assert.deepEqual(await alarmsOf(issuer), [])
      const path = join(issuer.configuration.state, 'history-mark.json')
      await writeFile(path, '{"number":"1"}')
      await assert.rejects(startLiveIssuer({ besides: issuer }), {
        code: 'state-invalid',
        message: /history-mark\.json cannot be read.*remove the file/,
      })
    } finally {
      await issuer.close()
    }
  })

  it('stopped between two sweeps → marks all that it knew, so that a backup of since the last sweep is found out', async () => {
    const issuer = await startLiveIssuer({ yaml: "sweep: { cron: '0 0,12 * * *' }" })
    try {
      await issuer.admin.addIdentity({ name: 'web-1', profile: 'server', names: ['dns:web-1.test'] })
      const path = join(issuer.folder, 'backup')
      const { store } = issuer.configuration
      assert.ok(store.kind === 'sqlite')
      await copyDatabase(store.path, path)
      await issuer.admin.addIdentity({ name: 'web-2', profile: 'server', names: ['dns:web-2.test'] })
      await issuer.issuer.stop()
      assert.ok(await isMarked(issuer))
      const yaml = `store: ${path}`
      const restored = await startLiveIssuer({ besides: issuer, yaml })
      assert.deepEqual(await alarmsOf(restored), ['store-restored'])
      await restored.close()
    } finally {
      await issuer.close()
    }
  })

  it('another store, or none, beside the same state → the alarm of a restore', async () => {
    const issuer = await startLiveIssuer({ yaml: "sweep: { cron: '* * * * * *' }" })
    try {
      await until(() => isMarked(issuer).catch(() => false), 'a mark', waitMs)
      const empty = await startLiveIssuer({ besides: issuer, yaml: `store: ${issuer.folder}/new.sqlite` })
      assert.deepEqual(await alarmsOf(empty), ['store-restored'])
      await empty.close()
    } finally {
      await issuer.close()
    }
  })
})

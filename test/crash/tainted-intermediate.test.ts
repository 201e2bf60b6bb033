import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Certificate, generateKeyPair, hourMs } from '@mayfly/ca-core'
import { openSqliteStore, readIssuerConfiguration, type Store } from '@mayfly/issuer-daemon'
import { adminClient } from '@mayfly/issuer-daemon/administration'
import { nodeFileSystem, systemClock } from '@mayfly/platform'
import {
  type DatabaseServer,
  startDatabaseServer,
} from '../../packages/issuer-daemon/test/support/database-server.ts'
import {
  ceremony,
  makeRoot,
  writeConfiguration,
} from '../../packages/issuer-daemon/test/support/live-issuer.ts'
import { openTestStore } from '../../packages/issuer-daemon/test/support/postgres-store.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { until } from '../support/servers/started-server.ts'
import { IssuerMember } from './issuer-member.ts'
import { stageFleet } from './staged-fleet.ts'

const fleetSize = 400
const yaml = `
sweep: { cron: '* * * * * *', chunk: 50 }
log: { level: debug }
`
const takenOver = 'another intermediate signs from now on'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mayfly-tainted-'))
})
after(() => rm(folder, { recursive: true }))

/** An issuer's folder with a current intermediate and one that is prepared. */
async function prepareIssuer(name: string, more = '') {
  const home = join(folder, name)
  await mkdir(home)
  const configPath = await writeConfiguration(home, yaml + more)
  const { state, admin } = await readIssuerConfiguration(nodeFileSystem, configPath)
  const root = await makeRoot()
  const current = await ceremony(state, root)
  const next = await ceremony(state, root, systemClock, 1, true)
  return { home, configPath, state, socket: admin.socket, current, next }
}

/** As agents ask as soon as a certificate is in use: a key that is due in hours. Gives back the keys' hashes. */
async function stageNext(store: Store): Promise<string[]> {
  const identities = await store.identities({ limit: 10 * fleetSize })
  const keys: string[] = []
  const at = systemClock.now()
  for (const identity of identities.filter(({ name }) => name.startsWith('host-'))) {
    const { publicKey } = await generateKeyPair('ec-p256')
    const staged = {
      spki: publicKey.spki,
      keyHash: publicKey.hash,
      parentGeneration: identity.lineage?.newestGeneration ?? 1,
      stagedAt: at,
      mintAt: at + 12 * hourMs,
    }
    await store.commit([{ at, parts: [{ do: 'move-identity', next: { ...identity, staged } }] }])
    keys.push(publicKey.hash)
  }
  return keys
}

/** Each key has its one certificate, and that is under the intermediate. */
async function assertUnder(
  store: Store,
  keys: readonly string[],
  { fingerprint }: Certificate,
): Promise<void> {
  for (const keyHash of keys) {
    assert.equal((await store.certificate({ keyHash }))?.chain.fingerprint, fingerprint)
  }
  const records = await store.auditRecords({ afterNumber: 0, limit: 100_000 })
  const issued = records.filter(({ text }) => /"action":"sweep".*"outcome":"issued"/.test(text))
  assert.equal(issued.length, 2 * fleetSize)
}

describe('a tainted intermediate', { timeout: 300_000 }, () => {
  it('killed after the taint, and again in the midst of the sweep → the next start goes on, all under the next', async () => {
    const { configPath, state, current, next } = await prepareIssuer('killed')
    const open = () => openSqliteStore({ path: join(state, 'store.sqlite') })
    const before = await open()
    await stageFleet(before, fleetSize, systemClock.now())
    await before.close()
    const first = new IssuerMember(configPath)
    await until(() => first.minted >= fleetSize, 'a fleet under the first intermediate', 60_000)
    await first.stop()

    // What is durable when `mayfly issuer taint` is killed right after it was written down.
    const store = await open()
    const keys = await stageNext(store)
    const at = systemClock.now()
    await store.commit([{ at, parts: [{ do: 'taint', fingerprint: current.fingerprint, at }] }])
    await store.close()

    const second = new IssuerMember(configPath)
    await second.signalAt('certificate.recorded', 2, 'SIGKILL')
    await until(() => second.hasEnded, 'the end of who was killed')
    assert.ok(second.lines.some(({ msg }) => msg === takenOver))

    const third = new IssuerMember(configPath)
    await until(() => third.lines.some(({ msg }) => msg === 'swept'), 'a sweep', 60_000)
    await third.stop()
    const end = await open()
    try {
      await assertUnder(end, keys, next)
    } finally {
      await end.close()
    }
  })
})

describe('a tainted intermediate of several issuers', {
  skip: withoutPackages('postgresql'),
  timeout: 300_000,
}, () => {
  let server: DatabaseServer
  before(async () => {
    server = await startDatabaseServer()
  })
  after(() => server?.remove())

  it('tainted at one → the other stops it too, takes over with its own copy, and they share the work', async () => {
    const url = await server.createDatabase()
    const database = `store: ${url}\n`
    const one = await prepareIssuer('one', database)
    const otherHome = join(folder, 'other')
    await mkdir(otherHome)
    const otherConfig = await writeConfiguration(otherHome, yaml + database)
    await cp(one.state, join(otherHome, 'state'), { recursive: true })
    const members = [one.configPath, otherConfig].map((path) => new IssuerMember(path))
    const store = await openTestStore(url)
    try {
      await Promise.all(members.map((member) => member.isReady()))
      await stageFleet(store, fleetSize, systemClock.now())
      const noneWaits = async () => (await store.counts(systemClock.now())).staged === 0
      await until(noneWaits, 'a fleet under the first intermediate', 60_000)
      const keys = await stageNext(store)
      await adminClient(one.socket).taintAuthority(one.current.fingerprint)
      await until(noneWaits, 'a fleet under the next', 60_000)
      await until(
        () => members.every(({ lines }) => lines.some(({ msg }) => msg === takenOver)),
        'both to take over',
        60_000,
      )
      await Promise.all(members.map((member) => member.stop()))
      await assertUnder(store, keys, one.next)
    } finally {
      for (const member of members) member.kill()
      await store.close()
    }
  })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { dayMs } from '@mayfly/ca-core'
import type { Store } from '@mayfly/issuer-daemon'
import { systemClock } from '@mayfly/platform'
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
import { childProgram } from '../support/child-program.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { until } from '../support/servers/started-server.ts'
import { IssuerMember } from './issuer-member.ts'
import { openAuthority, prepareState, startIssuer } from './issuer-run.ts'
import type { CrashTask } from './issuer-task.ts'
import { assertOneCertificateEach } from './one-certificate-each.ts'
import { stageFleet } from './staged-fleet.ts'

const childPath = fileURLToPath(new URL('./issuer-child.ts', import.meta.url))
const fleetSize = 1_500
const leaseSeconds = 4

describe('issuers on one database', { skip: withoutPackages('postgresql'), timeout: 400_000 }, () => {
  let server: DatabaseServer
  let folder: string
  before(async () => {
    server = await startDatabaseServer()
    folder = await mkdtemp(join(tmpdir(), 'mayfly-shared-'))
  })
  after(async () => {
    await server?.remove()
    await rm(folder, { recursive: true })
  })

  it('three sweep; one is killed, one stopped for longer than its lease, the database crashes → one certificate for each key', async (test) => {
    const url = await server.createDatabase()
    const members = await startMembers(url)
    const [killed, stopped, steady] = members as [IssuerMember, IssuerMember, IssuerMember]
    const store = await openTestStore(url)
    try {
      await Promise.all(members.map((member) => member.isReady()))
      const kill = killed.signalAt('intent.recorded', 3, 'SIGKILL')
      const stop = stopped.signalAt('intent.recorded', 2, 'SIGSTOP')
      const keys = await stageFleet(store, fleetSize, systemClock.now())
      await Promise.all([kill, stop])
      assert.ok((await left(store)) > 0, 'the sweep was over before the faults')
      await server.crash()
      await server.start()
      await until(async () => (await left(store)) === 0, 'the end of the sweep', 120_000)
      assert.ok(steady.minted > 0)

      const before = stopped.lines.length
      stopped.goOn()
      await until(
        () => stopped.lines.slice(before).some(({ msg }) => msg === 'swept'),
        'a sweep of who was stopped',
      )
      await Promise.all(members.map((member) => member.stop()))
      assert.ok(killed.hasEnded)
      await assertOneCertificateEach(keys, { store, server, url })
      const { burnt } = await store.counts(systemClock.now())
      test.diagnostic(`${burnt} serials were burnt, ${steady.minted} certificates are of who went on`)
    } finally {
      for (const member of members) member.kill()
      await store.close()
    }
  })

  for (const step of ['sweep.started', 'intent.recorded', 'signed', 'certificate.recorded']) {
    it(`stopped at ${step} for longer than its lease → others mint, and it adds nothing`, async () => {
      const url = await server.createDatabase()
      const state = join(folder, `stopped-${step}`)
      await mkdir(state)
      await prepareState(state)
      const database = { url, leaseSeconds: 1 }
      const run = await startIssuer({ state, database }, await openAuthority(state), () => undefined)
      try {
        const keys = await stageFleet(run.store, 10, systemClock.now())
        const task: CrashTask = { state, database, work: { do: 'sweep' }, killAt: step, signal: 'SIGSTOP' }
        const child = spawn(process.execPath, [...childProgram(childPath), JSON.stringify(task)], {
          stdio: ['ignore', 'inherit', 'inherit'],
        })
        const ended = once(child, 'exit')
        await until(() => isStopped(child.pid ?? 0), `a stop at ${step}`)
        await until(async () => {
          await run.issuer.sweep({ until: systemClock.now() + dayMs })
          return (await left(run.store)) === 0
        }, 'the end of the sweep')
        child.kill('SIGCONT')
        assert.deepEqual(await ended, [0, null])
        await assertOneCertificateEach(keys, { store: run.store, server, url })
      } finally {
        await run.store.close()
      }
    })
  }

  /** Three state folders with one authority and one token key, as the runbook has it. */
  async function startMembers(url: string): Promise<IssuerMember[]> {
    const yaml = `
store: ${url}
database: { lease: ${leaseSeconds}s }
sweep: { cron: '* * * * * *', chunk: 50 }
log: { level: debug }
`
    const folders = ['a', 'b', 'c'].map((name) => join(folder, name))
    const configs: string[] = []
    for (const [index, member] of folders.entries()) {
      await mkdir(member)
      configs.push(await writeConfiguration(member, yaml))
      if (index === 0) await ceremony(join(member, 'state'), await makeRoot())
      else await cp(join(folders[0] as string, 'state'), join(member, 'state'), { recursive: true })
    }
    return configs.map((config) => new IssuerMember(config))
  }
})

/** Keys that wait, and intents that are neither recorded nor given up. */
async function left(store: Store): Promise<number> {
  const pending = await store.pendingIntents({ intendedBefore: Number.MAX_SAFE_INTEGER, limit: 1 })
  return (await store.counts(systemClock.now())).staged + pending.length
}

/** The third field of proc_pid_stat(5), behind the name in brackets. */
async function isStopped(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).startsWith('T')
}

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { encodePrivateKey, generateKeyPair, type IssuerAnswer, type KeyPair } from '@mayfly/ca-core'
import { auditChainOrigin, type LoadedAuthority, verifyAuditChain } from '@mayfly/issuer-daemon'
import { systemClock } from '@mayfly/platform'
import { startDatabaseServer } from '../../packages/issuer-daemon/test/support/database-server.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { type IssuerRun, openAuthority, perform, prepareState, startIssuer } from './issuer-run.ts'
import type { CrashPlace, CrashTask, CrashWork } from './issuer-task.ts'
import { runKilledChild } from './killed-child.ts'

const childPath = fileURLToPath(new URL('./issuer-child.ts', import.meta.url))

/** The steps of one certificate in order, and how many serials are burnt by a death there. */
const steps = [
  { killAt: 'request.accepted', burns: 0 },
  { killAt: 'intent.recorded', burns: 1 },
  { killAt: 'signed', burns: 1 },
  { killAt: 'certificate.recorded', burns: 0 },
  { killAt: 'answered', burns: 0 },
]

/** The same of a sweep. Three are due, and two of them are in its first chunk. */
const sweepSteps = [
  { killAt: 'sweep.started', burns: 0 },
  { killAt: 'intent.recorded', burns: 2 },
  { killAt: 'signed', burns: 2 },
  { killAt: 'certificate.recorded', burns: 0 },
  { killAt: 'sweep.finished', burns: 0 },
]

/** A key and the chain for it, as a host holds them. */
interface Held {
  readonly keyPair: KeyPair
  readonly chain: string
}

/** Where the store is. */
interface Engine {
  readonly name: string
  readonly skip: string | false
  start(): Promise<Omit<CrashPlace, 'state'> & { stop(): Promise<void> }>
}

for (const engine of [
  { name: 'SQLite', skip: false, start: async () => ({ stop: async () => undefined }) },
  {
    name: 'SQLite, written by its thread,',
    skip: false,
    start: async () => ({ writesInThread: true, stop: async () => undefined }),
  },
  {
    name: 'PostgreSQL',
    skip: withoutPackages('postgresql'),
    async start() {
      const server = await startDatabaseServer()
      // Nobody else is at work there, so that the next start may take over at once.
      const database = { url: await server.createDatabase(), leaseSeconds: 0 }
      return { database, stop: () => server.remove() }
    },
  },
] satisfies Engine[]) {
  killAtEachStep(engine)
}

function killAtEachStep({ name: engineName, skip, start }: Engine): void {
  describe(`issuer on ${engineName} killed at each step of the cycle`, { skip, timeout: 300_000 }, () => {
    let place: CrashPlace
    let authority: LoadedAuthority
    let stop: (() => Promise<void>) | undefined
    const certified: KeyPair[] = []

    before(async () => {
      const state = await mkdtemp(join(tmpdir(), 'mayfly-crash-'))
      place = { state }
      await prepareState(state)
      authority = await openAuthority(state)
      const engine = await start()
      stop = engine.stop
      const { stop: _, ...elsewhere } = engine
      place = { state, ...elsewhere }
    })
    after(async () => {
      await stop?.()
      await rm(place.state, { recursive: true })
    })

    for (const { killAt, burns } of steps) {
      it(`enrolment, killed at ${killAt} → the same token and key get one certificate`, async () => {
        const keyPair = await newKey()
        const work = await alive(async ({ issuer }) =>
          enrolment(await tokenFor(issuer, `enrol-${killAt}`), keyPair),
        )
        await dies({ ...place, work, killAt })
        await goesOn(work, burns)
      })

      it(`request, killed at ${killAt} → the same key gets one certificate`, async () => {
        const held = await alive((run) => enrolled(`request-${killAt}`, run))
        const work = requestOf(held, await newKey(), true)
        await dies({ ...place, work, killAt })
        await goesOn(work, burns)
      })
    }

    it('killed with an intent, and the next start killed amid its report → burnt once, and the same key gets one certificate', async () => {
      const work = await alive(async ({ issuer }) =>
        enrolment(await tokenFor(issuer, 'twice-killed'), await newKey()),
      )
      await dies({ ...place, work, killAt: 'intent.recorded' })
      await dies({ ...place, work, killAt: 'serial.burnt' })
      await goesOn(work, 0)
    })

    it('request ahead of time, killed when answered → staged once, with the same answer again', async () => {
      const held = await alive((run) => enrolled('ahead', run))
      const work = requestOf(held, await newKey(), false)
      await dies({ ...place, work, killAt: 'answered' })
      await alive(async (run) => {
        const answer = await perform(work, run)
        assert.equal('status' in answer && answer.status, 'scheduled')
        assert.deepEqual(await perform(work, run), answer)
        await run.issuer.sweep({ until: systemClock.now() + 86_400_000 })
      })
    })

    for (const { killAt, burns } of sweepSteps) {
      it(`sweep, killed at ${killAt} → the next one mints the rest, each key once`, async () => {
        const keys = await alive((run) => stageThree(killAt, run))
        await dies({ ...place, work: { do: 'sweep' }, killAt })
        await alive(async ({ issuer }, burnt) => {
          assert.equal(burnt.length, burns)
          await issuer.sweep({ until: systemClock.now() + 86_400_000 })
          for (const { publicKey } of keys) assert.ok(await issuer.certificate(publicKey.hash))
        })
      })
    }

    it('after all of it → no serial twice, no record lost, one certificate for one key', async () => {
      await alive(async ({ store }) => {
        const records = await store.auditRecords({ afterNumber: 0, limit: 100_000 })
        assert.ok(verifyAuditChain(auditChainOrigin, records).intact)
        const audit = records.map(({ text }) => JSON.parse(text) as Record<string, string>)
        const issued = audit.filter(({ outcome, reason }) => outcome === 'issued' && reason !== 'same-key')
        const burnt = audit.filter(({ reason }) => reason === 'serial-burnt')
        const serials = [...issued, ...burnt].map(({ serial }) => serial)
        assert.equal(new Set(serials).size, serials.length, 'each serial has one end')

        const counts = await store.counts(systemClock.now())
        assert.equal(counts.issued, issued.length, 'what was issued is in the audit')
        assert.equal(counts.burnt, burnt.length, 'what was burnt is in the audit')
        for (const { publicKey } of certified) {
          const line = await store.issuance(publicKey.hash)
          assert.equal(line?.state, 'recorded')
          assert.equal(issued.filter(({ serial }) => serial === line?.serial).length, 1)
        }
      })
    })

    /** Starts an issuer on what is there, as the next start does; `burnt` is what it gave up. */
    async function alive<Result>(
      use: (run: IssuerRun, burnt: readonly string[]) => Promise<Result>,
    ): Promise<Result> {
      const run = await startIssuer(place, authority, () => undefined)
      try {
        const burnt = await run.issuer.recover()
        return await use(
          run,
          burnt.map(({ serial }) => serial),
        )
      } finally {
        await run.store.close()
      }
    }

    /** The start tells what burnt, and whoever asks again gets one certificate, however often. */
    async function goesOn(work: CrashWork, burns: number): Promise<void> {
      await alive(async (run, burnt) => {
        assert.equal(burnt.length, burns)
        const answer = (await perform(work, run)) as IssuerAnswer
        assert.ok(answer.status === 'issued' && !burnt.includes(answer.serial))
        assert.deepEqual(await perform(work, run), answer)
      })
    }

    async function newKey(): Promise<KeyPair> {
      const keyPair = await generateKeyPair('ec-p256')
      certified.push(keyPair)
      return keyPair
    }

    async function enrolled(name: string, run: IssuerRun): Promise<Held> {
      const keyPair = await newKey()
      const answer = await perform(enrolment(await tokenFor(run.issuer, name), keyPair), run)
      assert.ok('chain' in answer)
      return { keyPair, chain: answer.chain }
    }

    async function stageThree(name: string, run: IssuerRun): Promise<KeyPair[]> {
      const keys: KeyPair[] = []
      for (const host of ['a', 'b', 'c']) {
        const keyPair = await newKey()
        await perform(requestOf(await enrolled(`sweep-${name}-${host}`, run), keyPair, false), run)
        keys.push(keyPair)
      }
      return keys
    }
  })
}

async function tokenFor(issuer: IssuerRun['issuer'], identity: string): Promise<string> {
  const attempt = issuer.openAudit({ requestId: 'token', action: 'token.create' })
  return (await issuer.createToken({ identity, names: [`dns:${identity}.example`] }, attempt)).token
}

function enrolment(token: string, keyPair: KeyPair): CrashWork {
  return { do: 'enroll', token, keyPem: encodePrivateKey(keyPair) }
}

function requestOf(held: Held, keyPair: KeyPair, immediate: boolean): CrashWork {
  return {
    do: 'request',
    keyPem: encodePrivateKey(keyPair),
    heldKeyPem: encodePrivateKey(held.keyPair),
    heldChain: held.chain,
    immediate,
  }
}

/** Runs the task in a process of its own, which must end by its own hand. */
async function dies(work: Omit<CrashTask, 'signal'>): Promise<void> {
  const task: CrashTask = { ...work, signal: 'SIGKILL' }
  await runKilledChild(childPath, task)
}

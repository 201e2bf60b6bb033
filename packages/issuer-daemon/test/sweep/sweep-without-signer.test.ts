import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { MayflyError } from '@mayfly/ca-core'
import { stageFleet } from '../../../../test/crash/staged-fleet.ts'
import { createIssuer } from '../../src/issuing/create-issuer.ts'
import type { AuthorityMoves } from '../../src/issuing/intermediates/authority-moves.ts'
import { createIssuerKit, type IssuerKit } from '../support/issuer-kit.ts'

const hostCount = 25

describe('sweep', () => {
  let kit: IssuerKit
  let keyHashes: readonly string[]
  let claims: number

  beforeEach(async () => {
    claims = 0
    kit = await createIssuerKit({
      wrapStore: (store) => ({
        ...store,
        claimDue: (page) => {
          claims += 1
          return store.claimDue(page)
        },
      }),
    })
    keyHashes = await stageFleet(kit.store, hostCount, kit.clock.now())
  })
  afterEach(() => kit.close())

  const sweep = () => kit.issuer.sweep({ until: kit.clock.now() })

  it('the HSM goes away → the sweep stops with one chunk burnt; while it is known to be away none is; it recovers', async () => {
    const error = new MayflyError('hsm-unavailable', 'The token is out.')
    kit.signer.failure = error
    const stopped = {
      ...{ due: 0, minted: 0, failed: 0 },
      stopped: { code: 'hsm-unavailable', message: 'The token is out.' },
    }
    assert.deepEqual(await sweep(), stopped)
    kit.signer.known = { since: kit.clock.now(), error }
    const before = claims
    assert.deepEqual(await sweep(), stopped)
    assert.equal(claims, before, 'another issuer on the store may mint them')
    assert.equal((await kit.store.counts(kit.clock.now())).burnt, kit.ports.policy.sweepChunk)
    const alarms = (await kit.issuer.status()).alarms.map(({ because, message }) => `${because}: ${message}`)
    assert.match(
      alarms.join('\n'),
      /hsm-unavailable: Nothing is issued since 2\S+: The token is out\. It goes on by itself/,
    )
    kit.signer.failure = undefined
    kit.signer.known = undefined
    assert.equal((await sweep()).minted, hostCount)
  })

  it('a retired key cannot be destroyed, its HSM is away or taken out → all else is done, other such keys too, and it is told', async () => {
    const { certificate } = kit.ports.authority().authority
    const others = ['interrupted', 'replaced', 'away', 'too'].map((fingerprint) => ({
      ...certificate,
      fingerprint,
    }))
    const away: string[] = []
    const destroyed: string[] = []
    const authorities: AuthorityMoves = {
      slots: async () =>
        [certificate, ...others].map((of) => ({
          ...{ slot: 'retired', certificate: of, hasKey: true },
          isBeingDestroyed: of.fingerprint !== 'replaced',
        })),
      heedTaints: async () => undefined,
      taints: () => [],
      sweepSoon: () => undefined,
      checkPrepared: async () => certificate,
      activate: async () => certificate,
      async destroyKey(fingerprint) {
        if (fingerprint === certificate.fingerprint)
          throw new MayflyError('config-invalid', 'The key is in an HSM, and issuer.yaml names none.')
        if (away.includes(fingerprint)) throw new MayflyError('hsm-unavailable', 'The token is out.')
        destroyed.push(fingerprint)
      },
      forgetDestroyed: async () => undefined,
    }
    const issuer = createIssuer({ ...kit.ports, authorities })
    assert.equal((await issuer.auditEnd()).signed, undefined)
    const report = await issuer.sweep({ until: kit.clock.now() })
    assert.deepEqual([report.minted, report.stopped?.code], [hostCount, 'config-invalid'])
    assert.ok((await issuer.auditEnd()).signed, 'the end of the history')
    assert.deepEqual(destroyed, ['interrupted', 'away', 'too', 'replaced'])
    const [alarm] = (await issuer.status()).alarms
    assert.equal(alarm?.because, 'sweep-stopped')
    assert.match(
      alarm.message,
      /\(config-invalid\), .*: The key is in an HSM, and issuer\.yaml names none\.$/,
    )
    away.push('away', 'too')
    await issuer.sweep({ until: kit.clock.now() })
    const [all, ...more] = (await issuer.status()).alarms
    assert.deepEqual(more, [])
    const { subject, fingerprint } = certificate
    const [named] = (all?.message ?? '').match(/The keys of .*/) ?? []
    assert.equal(
      named,
      'The keys of 3 intermediates that were replaced cannot be destroyed. ' +
        `${subject} (${fingerprint.slice(0, 16)}…): The key is in an HSM, and issuer.yaml names none. ` +
        `${subject} (away…), ${subject} (too…): The token is out.`,
    )
  })

  it('the HSM goes away amid a chunk → what it had signed of it is given to nobody', async () => {
    let left = 3
    const sign = kit.signer.sign.bind(kit.signer)
    kit.signer.sign = async (message) => {
      if (left-- === 0) throw new MayflyError('hsm-unavailable', 'The token is out.')
      return sign(message)
    }
    assert.equal((await sweep()).stopped?.code, 'hsm-unavailable')
    assert.equal(await kit.issuer.certificate(keyHashes[0] ?? assert.fail('no key')), undefined)
    assert.equal((await kit.store.counts(kit.clock.now())).burnt, kit.ports.policy.sweepChunk)
    kit.signer.sign = sign
    assert.equal((await sweep()).minted, hostCount)
  })
})

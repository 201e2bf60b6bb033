import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hourMs, minuteMs, parsePrivateKey } from '@mayfly/ca-core'
import { certificateSchema } from '../../src/configuration/certificate-settings.ts'
import { nothingObserved, planRotation } from '../../src/rotation/plan-rotation.ts'
import type { RotationAction } from '../../src/rotation/rotation-action.ts'
import type { LineageState } from '../../src/state/lineage-state.ts'
import { VirtualHost } from '../support/virtual-host.ts'

/** Its next key is promised a certificate at half the life. */
async function promisedHost(): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.run(hourMs)
  return host
}

/** As the agent does with a configuration that was saved: the keeper ends, and another begins. */
async function wantEd25519(host: VirtualHost): Promise<void> {
  host.subject = { ...host.subject, settings: certificateSchema.parse({ keyType: 'ed25519' }) }
  host.restart()
  await host.step()
}

function typeOf({ keyPem }: { readonly keyPem: string }): string {
  return parsePrivateKey(keyPem).type
}

/** What is planned for `state` where its staged key is of another type. */
function planned(host: VirtualHost, state: LineageState): RotationAction | undefined {
  const { held } = host.keeper.view()
  assert.ok(held)
  const observed = { ...nothingObserved, ...(state.staged && { otherKeyType: state.staged.keyHash }) }
  return planRotation(state, held, host.clock.now(), observed)[0]
}

describe('keyType is changed while the agent runs', () => {
  test('a key waits → another takes its place, once, and the next certificate has the new type, at its time', async () => {
    const host = await promisedHost()
    const { staged } = host.state
    assert.ok(staged?.promise)
    const begun = host.events.length
    await wantEd25519(host)
    const told = host.events.slice(begun)
    assert.deepEqual(told[0], {
      event: 'key-dropped',
      keyHash: staged.keyHash,
      because: 'keyType was changed to ed25519; another key takes its place',
    })
    assert.deepEqual(
      told.map(({ event }) => event),
      ['key-dropped', 'scheduled'],
    )
    assert.equal(host.state.staged && typeOf(host.state.staged), 'ed25519')
    assert.deepEqual(host.state.givenUp, [staged.keyHash])
    await host.run(10 * hourMs)
    assert.equal(host.issuer.minted, 1, 'nothing is asked for ahead of its time')
    await host.run(2 * hourMs)
    assert.equal(typeOf(host.state.head), 'ed25519')
    assert.equal(host.issuer.minted, 2)
  })

  test('the key was asked for at once, and nobody has answered → so is the other', async () => {
    const host = await promisedHost()
    const { state } = host
    const { promise: _, ...rest } = state.staged ?? assert.fail()
    assert.deepEqual(planned(host, { ...state, staged: { ...rest, immediate: true } }), {
      do: 'make-key',
      immediate: true,
      because: 'other-key-type',
    })
  })

  test('its mint time has come → its certificate is taken, and the one after has the new type', async () => {
    const host = await promisedHost()
    const { staged } = host.state
    await host.clock.advance((staged?.promise?.mintAt ?? 0) - host.clock.now())
    await wantEd25519(host)
    assert.equal(host.state.head.keyPem, staged?.keyPem)
    assert.equal(host.state.staged && typeOf(host.state.staged), 'ed25519')
    assert.equal(host.issuer.minted, 2)
  })

  test('its certificate has come and was refused, or one before it was of no use → it is kept as any other', async () => {
    const host = await promisedHost()
    const { state } = host
    const { staged = assert.fail() } = state
    const now = host.clock.now()
    const wasted = { minted: [now], keepUntil: now + 5 * minuteMs }
    for (const kept of [
      { ...state, staged: { ...staged, refusals: 1 } },
      { ...state, wasted },
    ])
      assert.notEqual(planned(host, kept)?.do, 'make-key')
    assert.equal(planned(host, state)?.do, 'make-key')
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayMs, MayflyError, minuteMs, secondMs } from '@mayfly/ca-core'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { createReadiness, type ReadinessPorts } from '../../src/api/readiness.ts'

const clock = new FakeClock()
const now = clock.now()

function authority(notBefore: number, notAfter: number, fault?: MayflyError): ReadinessPorts['authority'] {
  const signer = { fault: () => fault && { since: now, error: fault } }
  return () => ({ authority: { certificate: { notBefore, notAfter }, signer } }) as never
}

function store(newestInstant?: number, commit = async () => [{ done: true }]): ReadinessPorts['store'] {
  return { newestInstant: async () => newestInstant, commit } as never
}

const good = { clock, store: store(now), authority: authority(now - dayMs, now + dayMs) }
const away = () => Promise.reject(new MayflyError('store-unavailable', 'the disk is full'))
const missing = () => {
  throw new MayflyError('authority-missing', 'nothing installed')
}

const cases: readonly [what: string, ports: ReadinessPorts, because: readonly string[]][] = [
  ['all well', good, []],
  ['no intermediate', { ...good, authority: missing }, ['authority-missing']],
  [
    'an intermediate at its end',
    { ...good, authority: authority(now - dayMs, now + secondMs) },
    ['authority-expired'],
  ],
  [
    'an intermediate from the future',
    { ...good, authority: authority(now + dayMs, now + 2 * dayMs) },
    ['clock-wrong'],
  ],
  [
    'an HSM that does not sign',
    { ...good, authority: authority(now - dayMs, now + dayMs, new MayflyError('hsm-unavailable', 'out')) },
    ['hsm-unavailable'],
  ],
  ['a store that saw a later time', { ...good, store: store(now + 10 * minuteMs) }, ['clock-wrong']],
  ['a store that cannot be written', { ...good, store: store(now, away) }, ['store-unavailable']],
  [
    'two things at once',
    { ...good, authority: missing, store: store(now, away) },
    ['authority-missing', 'store-unavailable'],
  ],
]

for (const [what, ports, because] of cases) {
  test(`readiness: ${what} → ${because.length === 0 ? 'ready' : because.join(' and ')}`, async () => {
    const expected = because.length === 0 ? { ready: true } : { ready: false, because }
    assert.deepEqual(await createReadiness(ports)(), expected)
  })
}

test('readiness: asked again and again → looked once a second', async () => {
  let looks = 0
  const counting = async () => {
    looks += 1
    return [{ done: true }]
  }
  const readiness = createReadiness({ ...good, store: store(now, counting) })
  for (let asked = 0; asked < 10; asked += 1) await readiness()
  assert.equal(looks, 1)
  await clock.advance(secondMs)
  await readiness()
  assert.equal(looks, 2)
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { backdateSeconds, hourMs, type Instant, minuteMs, secondMs } from '@mayfly/ca-core'
import { nothingObserved, type Observations, planRotation } from '../../src/rotation/plan-rotation.ts'
import type { RotationAction } from '../../src/rotation/rotation-action.ts'
import type { Credential } from '../../src/state/credential.ts'
import type { HeldBundle } from '../../src/state/held-bundle.ts'
import type { LineageState } from '../../src/state/lineage-state.ts'
import type { Setback } from '../../src/state/setback.ts'
import type { StagedKey } from '../../src/state/staged-key.ts'

const start = Date.UTC(2026, 0, 15, 12)

function credential(serial: string, madeAt: Instant): Credential {
  const notBefore = madeAt - backdateSeconds * secondMs
  return {
    serial,
    chainPem: `chain ${serial}`,
    keyPem: `key ${serial}`,
    notBefore,
    notAfter: notBefore + 24 * hourMs,
  }
}

const head = credential('aa', start)
const candidate = credential('bb', start + 12 * hourMs)

function record(one: Credential, number: number, bundleSequence = 1): LineageState['generations'][number] {
  return { number, serial: one.serial, bundleSequence, notAfter: one.notAfter }
}

/** Installed, served, and the next key promised for half the life. */
const settled: LineageState = {
  format: 1,
  certificate: 'web',
  identity: 'web-1',
  profile: 'server',
  names: ['dns:web-1.example'],
  issuerUrls: ['https://issuer.example'],
  rootFingerprint: '00'.repeat(32),
  enrolledAt: start,
  head,
  staged: staged(),
  generations: [record(head, 1)],
  live: { number: 1, served: true },
  numberMax: 1,
  servedSerials: ['aa'],
  setbacks: {},
}

function staged(changes: Partial<StagedKey> = {}): StagedKey {
  const mintAt = start + 12 * hourMs
  return {
    keyPem: 'next key',
    keyHash: 'ab'.repeat(32),
    madeAt: start,
    immediate: false,
    promise: { at: start, mintAt, fetchAt: mintAt, askAgainAt: mintAt + 10 * minuteMs },
    refusals: 0,
    ...changes,
  }
}

function without<K extends keyof LineageState>(state: LineageState, ...keys: K[]): LineageState {
  return Object.fromEntries(
    Object.entries(state).filter(([key]) => !keys.includes(key as K)),
  ) as unknown as LineageState
}

function setback(at: Instant, waitMs: number, code: Setback['code'] = 'transport-failed'): Setback {
  return { code, message: 'no', attempts: 3, since: at, at, retryAt: at + waitMs }
}

interface Case {
  readonly name: string
  readonly state: LineageState
  /** After `start`. */
  readonly afterMs: number
  readonly observed?: Partial<Observations>
  readonly sequence?: number
  /** The bundle was last looked at so long ago. */
  readonly bundleAgeMs?: number
  readonly plan: readonly RotationAction[]
}

const { staged: _none, ...fresh } = settled
const withCandidate: LineageState = { ...fresh, candidate }
const wentTo: LineageState = {
  ...withCandidate,
  generations: [record(head, 1), record(candidate, 2)],
  live: { number: 2, served: false },
  numberMax: 2,
}
const noon = 12 * hourMs
const wentBack: LineageState = {
  ...wentTo,
  live: { number: 1, served: true },
  setbacks: { install: setback(start + noon, 5 * minuteMs, 'probe-failed') },
}

/** Given late in the life, as by an issuer whose clock is behind. */
const latePromise = {
  at: start + 19 * hourMs,
  mintAt: start + 21 * hourMs,
  fetchAt: start + 21 * hourMs,
  askAgainAt: start + 21 * hourMs + 10 * minuteMs,
}

const cases: readonly Case[] = [
  {
    name: 'nothing is due: waits for the next look at the bundle',
    state: settled,
    afterMs: hourMs,
    bundleAgeMs: 0,
    plan: [{ do: 'wait', until: start + hourMs + hourMs * (1435 / 1440), because: 'bundle-fresh' }],
  },
  {
    name: 'nothing is installed: installs, and asks for nothing yet',
    state: { ...without(fresh, 'live'), generations: [] },
    afterMs: 0,
    plan: [{ do: 'install', holder: 'head', because: 'not-installed' }],
  },
  {
    name: 'written and switched, not yet served: serves',
    state: { ...fresh, live: { number: 1, served: false } },
    afterMs: 0,
    plan: [{ do: 'serve', holder: 'head', because: 'installed' }],
  },
  {
    name: 'served, and no next key: makes one ahead',
    state: fresh,
    afterMs: 0,
    plan: [{ do: 'make-key', immediate: false, because: 'ahead' }],
  },
  {
    name: 'served, no next key, and less than a quarter of the life is left: makes one to be asked for at once',
    state: fresh,
    afterMs: 18 * hourMs,
    plan: [{ do: 'make-key', immediate: true, because: 'overdue' }],
  },
  {
    name: 'promised for later than three quarters of the life: asks once more, and for at once',
    state: { ...fresh, staged: staged({ promise: latePromise }) },
    afterMs: 20 * hourMs,
    plan: [{ do: 'request', immediate: true, because: 'overdue' }],
  },
  {
    name: 'the same, asked for at once already: waits for the promise',
    state: { ...fresh, staged: staged({ promise: latePromise, immediate: true }) },
    afterMs: 20.5 * hourMs,
    plan: [{ do: 'wait', until: latePromise.fetchAt, because: 'scheduled' }],
  },
  {
    name: 'a key that nobody was asked to certify: asks',
    state: { ...fresh, staged: withoutPromise() },
    afterMs: 0,
    plan: [{ do: 'request', immediate: false, because: 'new-key' }],
  },
  {
    name: 'the mint time has come: fetches',
    state: settled,
    afterMs: noon,
    plan: [{ do: 'fetch', because: 'minted' }],
  },
  {
    name: 'ten minutes after the mint time: asks again, and for at once',
    state: settled,
    afterMs: noon + 10 * minuteMs,
    plan: [{ do: 'request', immediate: true, because: 'overdue' }],
  },
  {
    name: 'a promise for long after the half life: not believed beyond three quarters',
    state: {
      ...fresh,
      staged: staged({
        promise: {
          at: start,
          mintAt: start + 40 * hourMs,
          fetchAt: start + 40 * hourMs,
          askAgainAt: start + 41 * hourMs,
        },
      }),
    },
    afterMs: 18 * hourMs,
    plan: [{ do: 'request', immediate: true, because: 'overdue' }],
  },
  {
    name: 'the clock went back behind the promise: asks again',
    state: settled,
    afterMs: -hourMs,
    plan: [{ do: 'request', immediate: false, because: 'clock-went-back' }],
  },
  {
    name: 'a person wants it now, a key is promised: asks for at once',
    state: settled,
    afterMs: hourMs,
    observed: { wish: 'now' },
    plan: [{ do: 'request', immediate: true, because: 'forced' }],
  },
  {
    name: 'a person wants it now, there is no key: makes one for at once',
    state: fresh,
    afterMs: hourMs,
    observed: { wish: 'now' },
    plan: [{ do: 'make-key', immediate: true, because: 'forced' }],
  },
  {
    name: 'asking failed: waits for the back-off',
    state: { ...fresh, staged: withoutPromise(), setbacks: { ask: setback(start, 5 * minuteMs) } },
    afterMs: minuteMs,
    plan: [{ do: 'wait', until: start + 5 * minuteMs, because: 'back-off' }],
  },
  {
    name: 'the bundle just found no issuer: asks for nothing else before that wait is over',
    state: { ...fresh, staged: withoutPromise(), setbacks: { bundle: setback(start, 5 * minuteMs) } },
    afterMs: minuteMs,
    plan: [{ do: 'wait', until: start + 5 * minuteMs, because: 'back-off' }],
  },
  {
    name: 'the bundle was refused, the issuer is there: asks on',
    state: {
      ...fresh,
      staged: withoutPromise(),
      setbacks: { bundle: setback(start, 5 * minuteMs, 'bundle-invalid') },
    },
    afterMs: minuteMs,
    plan: [{ do: 'request', immediate: false, because: 'new-key' }],
  },
  {
    name: 'the bundle was the latest to find no issuer: what waits for it has its turn first',
    state: {
      ...fresh,
      staged: withoutPromise(),
      setbacks: { ask: setback(start, 2 * minuteMs), bundle: setback(start + minuteMs, minuteMs) },
    },
    afterMs: 3 * minuteMs,
    bundleAgeMs: 2 * hourMs,
    plan: [
      { do: 'request', immediate: false, because: 'new-key' },
      { do: 'refresh-bundle', because: 'due' },
    ],
  },
  {
    name: 'the clock went back behind the failure: waits no longer',
    state: { ...fresh, staged: withoutPromise(), setbacks: { ask: setback(start, 5 * minuteMs) } },
    afterMs: -minuteMs,
    plan: [{ do: 'request', immediate: false, because: 'new-key' }],
  },
  {
    name: 'a candidate: installs it',
    state: withCandidate,
    afterMs: noon,
    plan: [{ do: 'install', holder: 'candidate', because: 'new-certificate', hasWayBack: true }],
  },
  {
    name: 'a candidate, and the one before is about to expire: installs it even where the server is down',
    state: { ...withCandidate, candidate: credential('bb', start + 20 * hourMs) },
    afterMs: 23 * hourMs,
    plan: [{ do: 'install', holder: 'candidate', because: 'new-certificate' }],
  },
  {
    name: 'a candidate, and nothing is installed yet: installs it even where the server is down',
    state: { ...without(withCandidate, 'live'), generations: [] },
    afterMs: noon,
    plan: [{ do: 'install', holder: 'candidate', because: 'new-certificate' }],
  },
  {
    name: 'a candidate that is not valid yet, by this clock: waits for it',
    state: withCandidate,
    afterMs: noon - hourMs,
    plan: [{ do: 'wait', until: candidate.notBefore, because: 'not-yet-valid' }],
  },
  {
    name: 'the candidate was not served: goes back',
    state: { ...wentTo, setbacks: { install: setback(start + noon, 5 * minuteMs, 'probe-failed') } },
    afterMs: noon + minuteMs,
    plan: [{ do: 'install', holder: 'head', because: 'go-back' }],
  },
  {
    name: 'went back, and the back-off is over: tries the candidate again',
    state: wentBack,
    afterMs: noon + 5 * minuteMs,
    plan: [{ do: 'install', holder: 'candidate', because: 'new-certificate', hasWayBack: true }],
  },
  {
    name: 'went back, and a person asks before the back-off is over: tries the candidate now',
    state: wentBack,
    afterMs: noon + 2 * minuteMs,
    observed: { wish: String(start + noon + minuteMs) },
    plan: [{ do: 'install', holder: 'candidate', because: 'new-certificate', hasWayBack: true }],
  },
  {
    name: 'went back after the person had asked: waits for the back-off',
    state: wentBack,
    afterMs: noon + 2 * minuteMs,
    observed: { wish: String(start + noon) },
    plan: [{ do: 'wait', until: start + noon + 5 * minuteMs, because: 'back-off' }],
  },
  {
    name: 'went back, and the wish is of a time to come: waits for the back-off',
    state: wentBack,
    afterMs: noon + 2 * minuteMs,
    observed: { wish: String(start + noon + hourMs) },
    plan: [{ do: 'wait', until: start + noon + 5 * minuteMs, because: 'back-off' }],
  },
  {
    name: 'the candidate was not served, and the one before is about to expire: does not go back',
    state: {
      ...wentTo,
      candidate: credential('bb', start + 20 * hourMs),
      setbacks: { install: setback(start + 23 * hourMs, 5 * minuteMs, 'probe-failed') },
    },
    afterMs: 23 * hourMs + minuteMs,
    plan: [{ do: 'wait', until: start + 23 * hourMs + 5 * minuteMs, because: 'back-off' }],
  },
  {
    name: 'the candidate was never served, and the one before expired: signs requests all the same',
    state: wentTo,
    afterMs: 23 * hourMs + 56 * minuteMs,
    plan: [
      { do: 'adopt', because: 'head-expired' },
      { do: 'serve', holder: 'candidate', because: 'installed' },
    ],
  },
  {
    name: 'a new bundle: installs it with the same certificate',
    state: settled,
    afterMs: hourMs,
    sequence: 2,
    plan: [{ do: 'install', holder: 'head', because: 'new-bundle' }],
  },
  {
    name: 'the certificate fails under the new bundle: asks for another at once',
    state: { ...settled, setbacks: { restore: setback(start, 2 * hourMs, 'prove-failed') } },
    afterMs: hourMs,
    sequence: 2,
    plan: [{ do: 'request', immediate: true, because: 'untrusted' }],
  },
  {
    name: 'files were altered: puts them back',
    state: settled,
    afterMs: hourMs,
    observed: { drift: ['/etc/live/web'] },
    plan: [{ do: 'put-back', holder: 'head', because: 'files-differ' }],
  },
  {
    name: 'the bundle was not looked at for an hour: looks',
    state: settled,
    afterMs: 2 * hourMs,
    bundleAgeMs: hourMs,
    plan: [{ do: 'refresh-bundle', because: 'due' }],
  },
  {
    name: 'the host slept for three days: asks for at once',
    state: settled,
    afterMs: 72 * hourMs,
    plan: [{ do: 'request', immediate: true, because: 'overdue' }],
  },
]

function withoutPromise(): StagedKey {
  const { promise: _none, ...rest } = staged()
  return rest
}

describe('planning a rotation', () => {
  for (const { name, state, afterMs, observed, sequence = 1, bundleAgeMs = 0, plan } of cases) {
    test(name, () => {
      const now = start + afterMs
      const bundle = { sequence, trustDomain: 'example', roots: [], distrusted: [] }
      const held: HeldBundle = { bundle, checkedAt: now - bundleAgeMs }
      assert.deepEqual(planRotation(state, held, now, { ...nothingObserved, ...observed }), plan)
    })
  }

  test('the same input: the same plan, and the state is not touched', () => {
    const frozen = Object.freeze(structuredClone(settled))
    const held: HeldBundle = {
      bundle: { sequence: 1, trustDomain: 'example', roots: [], distrusted: [] },
      checkedAt: start,
    }
    assert.deepEqual(planRotation(frozen, held, start + noon), planRotation(frozen, held, start + noon))
  })
})

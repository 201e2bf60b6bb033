import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IssuerStatus } from '@mayfly/issuer-daemon'
import { statusAnswer } from '../../src/commands/issuer/status.ts'

const until = '2026-03-01T00:00:00Z'
const [current, retired, rootHash] = ['aa', 'bb', 'cc'].map((octet) => octet.repeat(32)) as [
  string,
  string,
  string,
]

/** Each figure is another number, so that none can be shown for another. */
const status: IssuerStatus = {
  at: '2026-01-15T12:00:00Z',
  bundleSequence: 9,
  counts: {
    identities: 101,
    suspended: 102,
    staged: 103,
    overdue: 104,
    certificates: 105,
    issued: 106,
    burnt: 107,
    openTokens: 108,
    auditRecords: 109,
  },
  lastSweep: {
    due: 201,
    minted: 202,
    failed: 203,
    finishedAt: '2026-01-15T11:55:00Z',
    durationSeconds: 20.4,
  },
  fleet: {
    agents: 301,
    agentsBehind: 302,
    byVersion: [{ version: '0.2.0', agents: 303 }],
    byBundleSequence: [{ bundleSequence: 8, agents: 304 }],
  },
  oldestUnfetched: { identity: 'web-7', notAfter: '2026-01-16T00:00:00Z' } as never,
  storeBytes: 3.5 * 1_048_576,
  authority: { subject: 'CN=Current', fingerprint: current, notAfter: until },
  intermediates: [
    { slot: 'current', subject: 'CN=Current', fingerprint: current, notAfter: until, hasKey: true },
    {
      slot: 'retired',
      subject: 'CN=Stolen',
      fingerprint: retired,
      notAfter: until,
      hasKey: false,
      taintedAt: '2026-01-10T00:00:00Z',
      liveLeaves: 401,
    },
  ],
  roots: [{ subject: 'CN=Root', fingerprint: rootHash, notAfter: '2046-01-01T00:00:00Z' }],
  alarms: [],
}

const textOf = (one: IssuerStatus): string => (statusAnswer(one).lines ?? []).join('\n')

test('issuer status: each thing that an operator looks for → in the table, and as it is in --json', () => {
  const text = textOf(status)
  for (const expected of [
    /^ *At +2026-01-15T12:00:00Z$/m,
    /^ *Trust bundle +sequence 9$/m,
    /^ *Last sweep +2026-01-15T11:55:00Z: 201 due, 202 minted, 203 failed, in 20\.4 s$/m,
    /^ *Oldest unfetched +web-7, until 2026-01-16T00:00:00Z$/m,
    /^ *Store +3\.5 MiB$/m,
    /^ *Identities +101$/m,
    /^ *Overdue +104$/m,
    /^ *Open tokens +108$/m,
    new RegExp(`^ +intermediate +CN=Current +${current} +${until}$`, 'm'),
    new RegExp(
      `^ +retired +CN=Stolen +${retired} +${until}, tainted .*, 401 live certificates, key destroyed$`,
      'm',
    ),
    new RegExp(`^ +root +CN=Root +${rootHash} +2046-01-01T00:00:00Z$`, 'm'),
    /^Agents: 301, 302 behind the trust bundle$/m,
    /^ +0\.2\.0 +303$/m,
    /^ +8 +304$/m,
  ])
    assert.match(text, expected)
  assert.doesNotMatch(text, /Alarms/)
  assert.deepEqual(statusAnswer(status).json, status)
})

test('issuer status: nothing yet → said in words, not left out', () => {
  const { authority: _, lastSweep: __, oldestUnfetched: ___, ...rest } = status
  const text = textOf({ ...rest, bundleSequence: 0, intermediates: [], roots: [] })
  for (const expected of [
    /^ *Trust bundle +\(none\)$/m,
    /^ *Last sweep +\(none yet\)$/m,
    /^ *Oldest unfetched +\(none\)$/m,
    /^ +intermediate +\(none\)/m,
  ])
    assert.match(text, expected)
})

test('issuer status: an alarm → by name and in one line, whatever is in its message', () => {
  const text = textOf({
    ...status,
    alarms: [{ because: 'keys-failing', message: 'two\nlines \u001b[31m' }],
  })
  assert.match(text, /^Alarms\n *keys-failing +two; lines /m)
  assert.ok(!text.includes('\u001b'))
})

for (const [alarms, exitCode] of [
  [[], 0],
  [[{ because: 'keys-failing' }], 1],
  [[{ because: 'authority-ending', withinDays: 30 }], 1],
  [[{ because: 'authority-ending', withinDays: 14 }], 1],
  [[{ because: 'authority-ending', withinDays: 7 }], 2],
  [[{ because: 'lineage-conflict' }, { because: 'authority-expired' }], 2],
  [[{ because: 'authority-missing' }], 2],
  [[{ because: 'authority-tainted' }], 2],
  [[{ because: 'clock-wrong' }], 2],
  [[{ because: 'store-unavailable' }], 2],
  [[{ because: 'hsm-unavailable' }], 2],
] as const) {
  const told = alarms.map(({ because, ...more }) => [because, ...Object.values(more)].join(' '))
  test(`issuer status: ${told.join(' and ') || 'no alarm'} → exit code ${exitCode} for monitoring`, () => {
    const answer = statusAnswer({ ...status, alarms: alarms.map((one) => ({ message: 'Look.', ...one })) })
    assert.equal(answer.exitCode ?? 0, exitCode)
  })
}

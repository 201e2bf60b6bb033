import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openIdentity, openTrust, pinnedAgent } from '@mayfly/client'
import { createTestBench } from './support/test-bench.ts'

/** As a program without types may call it. */
const untyped = (options: object): never => options as never

test('an option that nobody knows → TypeError that names it and those there are, whatever takes options', async (t) => {
  const bench = await createTestBench(t)
  const { identity, live } = await bench.host('web-1')
  const factory = () => undefined
  const calls: readonly [RegExp, () => unknown][] = [
    [
      /^openIdentity takes no option maxLifetimeSecond\. It takes .*maxLifetimeSeconds, minVersion/,
      () => openIdentity(live.path, untyped({ maxLifetimeSecond: 60 })),
    ],
    [/^openTrust takes no option ca\./, () => openTrust(`${live.path}/bundle.pem`, untyped({ ca: '' }))],
    [
      /^createServer takes no option requestCert\./,
      () => identity.createServer(untyped({ allow: [], requestCert: false })),
    ],
    [
      /^httpsAgent takes no option rejectUnauthorized\./,
      () => identity.httpsAgent(untyped({ rejectUnauthorized: false })),
    ],
    [/^dispatcher takes no option factory\./, () => identity.dispatcher(untyped({ factory }))],
    [/^dispatcher takes no option connect\./, () => identity.dispatcher(untyped({ connect: factory }))],
    [
      /^connect takes no option checkServerIdentity\./,
      () => identity.connect(untyped({ port: 1, checkServerIdentity: factory })),
    ],
    [
      /^tlsOptions takes no option peers\. It takes peer\./,
      () => identity.tlsOptions(untyped({ peers: 'web-1' })),
    ],
    [
      /^pinnedAgent takes no option rejectUnauthorized\./,
      () => pinnedAgent(untyped({ bundle: `${live.path}/bundle.pem`, rejectUnauthorized: false })),
    ],
    [/^openIdentity takes an object/, () => openIdentity(live.path, untyped(null as never))],
  ]
  for (const [message, call] of calls) {
    await assert.rejects(async () => call(), { name: 'TypeError', message })
  }
})

for (const [name, value] of [
  ['maxLifetimeSeconds', Number.POSITIVE_INFINITY],
  ['maxLifetimeSeconds', Number.NaN],
  ['maxLifetimeSeconds', '90000'],
  ['connectTimeoutMs', 2 ** 31],
] as const) {
  test(`${name}: ${JSON.stringify(value)} ${value} → TypeError: it would switch the rule off`, async (t) => {
    const bench = await createTestBench(t)
    const { live } = await bench.host('web-1')
    await assert.rejects(openIdentity(live.path, untyped({ [name]: value })), {
      name: 'TypeError',
      message: new RegExp(`^${name} must be`),
    })
  })
}

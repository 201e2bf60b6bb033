import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseName } from '@mayfly/ca-core'
import { eventually } from '../../packages/agent/test/support/agent-process.ts'
import { type FaultyIssuer, type IssuerFault, otherChains } from '../support/faults/faulty-issuer.ts'
import { type ServedHost, startServedHost } from '../support/hosts/served-host.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import type { Nginx } from '../support/servers/nginx.ts'
import { nginxServer } from '../support/servers/nginx-server.ts'

interface UselessCertificate {
  readonly certificate: string
  readonly fault: (faulty: FaultyIssuer) => IssuerFault
  readonly reason: RegExp
}

describe('two issuers of which the first gives certificates of no use, with nginx as the server', {
  timeout: 240_000,
  skip: withoutPackages('nginx'),
}, () => {
  let host: ServedHost
  let nginx: Nginx

  before(async () => {
    host = await startServedHost({
      hasSecondIssuer: true,
      server: nginxServer((started) => {
        nginx = started
      }),
    })
  })
  after(async () => {
    await host?.close()
    await nginx?.stop()
  })

  const useless: readonly UselessCertificate[] = [
    {
      certificate: 'for another key',
      fault: (faulty) => otherChains(faulty, async () => (await host.state()).head.chainPem),
      reason: /its certificate is for another key/,
    },
    {
      certificate: 'with wrong names',
      fault: (faulty) =>
        otherChains(faulty, (key) => faulty.issuer.mintChain(key, [parseName('evil.example')])),
      reason: /its certificate lacks dns:web-1\.example/,
    },
    {
      certificate: 'that passes every look and fails its proof, the handshake of OpenSSL',
      fault: (faulty) => otherChains(faulty, (_, honest) => faulty.issuer.misdirected(honest)),
      reason: /was not installed: a TLS handshake with it fails: .*issuer/,
    },
  ]

  for (const { certificate, fault, reason } of useless) {
    test(`a certificate ${certificate}: nginx serves that of the second in the same cycle, the first is named until it is good again`, async () => {
      const { issuer, secondUrl } = host.issuer
      const served = await host.settled()
      const known = (await host.history()).length
      try {
        host.issuer.fault = fault(host.issuer)
        await host.wish()
        // 1. The first is named, with what is wrong and what to do.
        const alarm = await host.alarm(reason)
        assert.deepEqual([alarm.level, alarm.code], ['warning', 'answer-invalid'])
        const named = `the certificate of the issuer ${issuer.url} for web is of no use, and the others are asked: `
        assert.ok(alarm.message.startsWith(named), alarm.message)
        assert.match(alarm.message, /Look at that issuer\.$/)
        // 2. The other's certificate came in the same look, and is on the port.
        const next = await eventually('another certificate is served', async () => {
          const serial = await host.serial()
          return serial === served ? undefined : serial
        })
        const events = (await host.history()).slice(known)
        const refused = events.findIndex(({ event }) => event === 'answer-refused')
        const received = events[refused + 1]
        assert.ok(received?.event === 'received', JSON.stringify(events))
        assert.deepEqual([received.issuer, received.serial], [secondUrl, next])
        assert.ok(!events.some(({ event }) => event === 'failed' || event === 'key-dropped'))
      } finally {
        host.issuer.fault = undefined
      }
      // 3. The first gives a good one, and nothing is left of the alarm.
      await host.wish()
      await host.settled()
    })
  }
})

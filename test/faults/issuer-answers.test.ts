import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { hourMs, MayflyError, mediaTypes, parseName } from '@mayfly/ca-core'
import { systemClock, systemRandom } from '@mayfly/platform'
import { VirtualIssuer } from '../../packages/agent/test/support/virtual-issuer.ts'
import { type FaultyIssuer, type IssuerFault, otherChains, send } from '../support/faults/faulty-issuer.ts'
import { throughFault } from '../support/faults/through-fault.ts'
import { type ServedHost, startServedHost } from '../support/hosts/served-host.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import type { Nginx } from '../support/servers/nginx.ts'
import { nginxServer } from '../support/servers/nginx-server.ts'

interface WrongAnswer {
  readonly answer: string
  readonly fault: (faulty: FaultyIssuer) => IssuerFault
  readonly alarm: RegExp
}

const goesOn = /the agent goes on trying\.$/
const lookAtIssuer = /The old certificate stays\. Look at the issuer; the agent goes on trying\.$/

describe('an issuer that answers wrongly, with nginx as the server', {
  timeout: 240_000,
  skip: withoutPackages('nginx'),
}, () => {
  let host: ServedHost
  let nginx: Nginx
  let stranger: VirtualIssuer

  before(async () => {
    stranger = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
    host = await startServedHost({
      server: nginxServer((started) => {
        nginx = started
      }),
    })
  })
  after(async () => {
    await host?.close()
    await nginx?.stop()
  })

  const later = (hours: number) => (faulty: FaultyIssuer) =>
    otherChains(faulty, (key) => faulty.issuer.mintChain(key, undefined, systemClock.now() + hours * hourMs))

  const wrongAnswers: readonly WrongAnswer[] = [
    {
      answer: "another key's certificate",
      fault: (faulty) => otherChains(faulty, async () => (await host.state()).head.chainPem),
      alarm: /its certificate is for another key\./,
    },
    {
      answer: 'a chain that does not end in the bundle',
      fault: (faulty) => otherChains(faulty, (key) => stranger.mintChain(key, faulty.issuer.names)),
      alarm: /its chain does not hold: .*root/,
    },
    {
      answer: 'a chain without its intermediate',
      fault: (faulty) => otherChains(faulty, (_, honest) => honest.slice(0, honest.indexOf('-----END') + 26)),
      alarm: /its chain does not hold/,
    },
    {
      answer: 'wrong names',
      fault: (faulty) =>
        otherChains(faulty, (key) => faulty.issuer.mintChain(key, [parseName('evil.example')])),
      alarm: /its certificate lacks dns:web-1\.example, .*set `names` in agent\.yaml/,
    },
    {
      answer: 'a certificate that has expired',
      fault: later(-23),
      alarm: /the certificate expired at 20.*before it came/,
    },
    {
      answer: 'a certificate of the far future',
      fault: later(48),
      alarm: /its certificate begins only at .*compare the clocks of the issuer and this host/,
    },
    {
      answer: 'garbage for a chain',
      fault: (faulty) => otherChains(faulty, () => 'no certificate at all'),
      alarm: /it is no chain of certificates/,
    },
    {
      answer: 'garbage for an answer',
      fault:
        ({ issuer }) =>
        ({ response }) =>
          send(response, issuer.answer(200, mediaTypes.json, '{{{')),
      alarm: /\/v1\/requests answered with broken JSON/,
    },
    {
      answer: 'nothing',
      fault:
        ({ issuer }) =>
        ({ response }) =>
          send(response, issuer.answer(200, mediaTypes.json, '')),
      alarm: /\/v1\/requests answered with broken JSON/,
    },
    {
      answer: 'an endless body',
      fault:
        () =>
        ({ response }) => {
          response.writeHead(200, { 'content-type': mediaTypes.json })
          const pour = (): void => {
            while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
          }
          response.on('drain', pour)
          pour()
        },
      alarm: /the answer of .*\/v1\/requests is longer than \d+ bytes/,
    },
    {
      answer: 'a redirect',
      fault:
        () =>
        ({ response }) => {
          response.writeHead(307, { location: 'https://elsewhere.example/' }).end()
        },
      alarm: /\/v1\/requests answered 307/,
    },
    {
      answer: '429 and an hour of patience',
      fault:
        ({ issuer }) =>
        ({ response }) => {
          const limited = issuer.problem(
            new MayflyError('rate-limited', 'Too many requests from this address.'),
          )
          send(response, { ...limited, status: 429, headers: { ...limited.headers, 'retry-after': '3600' } })
        },
      alarm: /Too many requests from this address\./,
    },
    {
      answer: '500',
      fault:
        () =>
        ({ response }) => {
          response.writeHead(500, { 'content-type': 'text/html' }).end('<h1>oops</h1>')
        },
      alarm: /\/v1\/requests answered 500/,
    },
    {
      answer: 'an answer that does not come',
      fault: () => () => undefined,
      alarm:
        /\/v1\/requests cannot be reached: no complete answer within 0\.4 s\. See whether the issuer runs/,
    },
    {
      answer: 'half a response',
      fault:
        () =>
        ({ response }) => {
          response.writeHead(200, { 'content-type': mediaTypes.json, 'content-length': '5000' })
          response.write('{"status":', () => response.destroy())
        },
      alarm:
        /\/v1\/requests cannot be reached: .* See whether the issuer runs and whether this host reaches it/,
    },
  ]

  for (const { answer, fault, alarm } of wrongAnswers) {
    test(`issuer: ${answer} → the old one is served, the alarm says so, and the next good answer is taken`, async () => {
      await throughFault(host, {
        begin: () => {
          host.issuer.fault = fault(host.issuer)
        },
        alarm,
        meanwhile: ({ message, code }) =>
          assert.match(message, code === 'answer-invalid' ? lookAtIssuer : goesOn),
        end: () => {
          host.issuer.fault = undefined
        },
      })
    })
  }

  test('issuer: its name does not resolve → the old one is served, the alarm says so, and it comes back with the name', async () => {
    await throughFault(host, {
      begin: () => {
        host.network.lookup = (name, _, callback) => {
          const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' })
          callback(error, '')
        }
        host.issuer.dropConnections()
      },
      alarm:
        /cannot be reached: getaddrinfo ENOTFOUND localhost\. See whether the issuer runs and whether this host reaches it/,
      end: () => {
        host.network.lookup = undefined
      },
    })
  })
})

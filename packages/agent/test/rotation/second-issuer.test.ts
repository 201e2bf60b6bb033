import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hourMs, MayflyError, mediaTypes, minuteMs, parseCertificateChain, parseName } from '@mayfly/ca-core'
import { certificateSchema } from '../../src/configuration/certificate-settings.ts'
import { liveGeneration } from '../../src/state/lineage-state.ts'
import { issuerAlarms } from '../../src/status/issuer-alarms.ts'
import type { WireRequest, WireResponse } from '../../src/transport/transport.ts'
import { VirtualHost } from '../support/virtual-host.ts'

const second = 'https://second.example'

/** A host with two issuers of one house; `wrong` is what the first does in place of its answer. */
async function hostOfTwo(): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  const issuers = [host.issuer.url, second]
  host.subject = { ...host.subject, settings: certificateSchema.parse({ issuers }) }
  host.restart()
  await host.enroll()
  await host.step()
  return host
}

type Wrong = (
  host: VirtualHost,
  real: () => Promise<WireResponse>,
  request: WireRequest,
) => Promise<WireResponse>

/** The second issuer answers under its own name, the first as `wrong` says. Both know all keys. */
function letFirstBe(host: VirtualHost, wrong: Wrong): { asked: string[] } {
  const asked: string[] = []
  const first = host.issuer.url
  host.issuer.fault = async (request, real) => {
    const isFirst = request.url.startsWith(first) && !request.url.startsWith(second)
    const path = request.url.replace(/^https:\/\/[^/]+/, '')
    if (path === '/v1/bundle') {
      const url = `${host.issuer.url}${path}`
      return isFirst ? real() : withoutFault(host, { ...request, url })
    }
    asked.push(`${isFirst ? 'first' : 'second'} ${path.replace(/\/[0-9a-f]{64}$/, '')}`)
    if (isFirst) return wrong(host, real, request)
    host.issuer.url = second
    try {
      return await withoutFault(host, request)
    } finally {
      host.issuer.url = first
    }
  }
  return { asked }
}

async function withoutFault(host: VirtualHost, request: WireRequest): Promise<WireResponse> {
  const { fault } = host.issuer
  host.issuer.fault = undefined
  try {
    return await host.issuer.exchange(request)
  } finally {
    host.issuer.fault = fault
  }
}

/** A certificate for the key that is asked for, with what `change` alters in the answer. */
function withChain(change: (host: VirtualHost, chain: string) => Promise<string> | string): Wrong {
  return async (host, real, request) => {
    const response = await real()
    if (response.status !== 200) return response
    const text = new TextDecoder().decode(response.body)
    if (request.method === 'GET')
      return host.issuer.answer(200, mediaTypes.pemChain, await change(host, text))
    const answer = JSON.parse(text) as { status: string; chain?: string }
    if (answer.chain === undefined) return response
    const chain = await change(host, answer.chain)
    return host.issuer.answer(200, mediaTypes.json, JSON.stringify({ ...answer, chain }))
  }
}

const wrongs: readonly { readonly name: string; readonly wrong: Wrong }[] = [
  { name: "another key's certificate", wrong: withChain((host) => host.state.head.chainPem) },
  {
    name: 'a chain that does not end in the bundle',
    wrong: withChain(
      (_host, chain) => `${chain.split('-----END CERTIFICATE-----')[0]}-----END CERTIFICATE-----\n`,
    ),
  },
  { name: 'garbage', wrong: withChain(() => 'no certificate at all') },
  { name: 'nothing', wrong: withChain(() => '') },
]

function refusalsTold(host: VirtualHost) {
  const urls = host.keeper.view().issuerUrls ?? []
  const refusals = (host.state.refusedIssuers ?? []).map((one) => ({ ...one, certificate: 'web' }))
  return issuerAlarms(urls, new Map(), refusals)
}

describe('the first of two issuers gives certificates of no use', () => {
  for (const { name, wrong } of wrongs) {
    test(`${name}: the second is asked in the same look, its certificate is served, and the first is told of`, async () => {
      const host = await hostOfTwo()
      const { asked } = letFirstBe(host, wrong)
      const { staged } = host.state
      await host.run(12.1 * hourMs)
      assert.equal(liveGeneration(host.state)?.number, 2)
      assert.equal(host.state.live?.served, true)
      assert.deepEqual(asked.slice(0, 2), ['first /v1/certificates', 'second /v1/requests'])
      assert.ok(!host.events.some(({ event }) => event === 'key-dropped'), 'no key is given up')
      assert.ok(!host.events.some((event) => event.event === 'failed' && event.track === 'fetch'))
      const told = host.events.find(({ event }) => event === 'answer-refused')
      assert.equal(told?.event === 'answer-refused' && told.issuer, host.issuer.url)
      const received = host.events.findLast(({ event }) => event === 'received')
      assert.equal(received?.event === 'received' && received.issuer, second)
      assert.notEqual(staged?.keyHash, host.state.staged?.keyHash)
    })
  }

  test('the process ends and another begins: the first is told of, until one of its certificates is good', async () => {
    const host = await hostOfTwo()
    letFirstBe(
      host,
      withChain(() => 'no certificate at all'),
    )
    await host.run(12.1 * hourMs)
    const [before] = refusalsTold(host)
    assert.match(
      before?.message ?? '',
      /^the certificate of the issuer https:\/\/issuer\.example for web is of no use/,
    )
    host.restart()
    await host.run(minuteMs)
    assert.deepEqual(refusalsTold(host), [before])
    // It stands from the first on, however often it is seen again.
    await host.run(12 * hourMs)
    assert.equal(liveGeneration(host.state)?.number, 3)
    assert.equal(refusalsTold(host)[0]?.since, before?.since)
    host.issuer.fault = undefined
    await host.run(12 * hourMs)
    assert.equal(liveGeneration(host.state)?.number, 4)
    assert.deepEqual(refusalsTold(host), [])
  })

  test('it is not asked any more: told of for a life, and then no longer', async () => {
    const host = await hostOfTwo()
    letFirstBe(
      host,
      withChain(() => 'no certificate at all'),
    )
    await host.run(12.1 * hourMs)
    host.issuer.fault = undefined
    host.issuer.url = second
    host.subject = {
      ...host.subject,
      settings: certificateSchema.parse({ issuers: [second, 'https://issuer.example'] }),
    }
    host.restart()
    await host.run(12 * hourMs)
    assert.equal(refusalsTold(host).length, 1)
    await host.run(25 * hourMs)
    assert.deepEqual(refusalsTold(host), [])
  })

  for (const way of ['in its turn', 'for a wish']) {
    test(`a certificate that fails its proof, ${way}: the second is asked in the same look, and its certificate is served`, async () => {
      const host = await hostOfTwo()
      const ofFirst = new Set<string>()
      letFirstBe(
        host,
        withChain(async ({ issuer }, chain) => {
          const [leaf] = parseCertificateChain(chain)
          if (leaf === undefined) throw new TypeError('an empty chain')
          const other = await issuer.mintChain(leaf.publicKey)
          ofFirst.add(other)
          return other
        }),
      )
      const { server } = host
      const prove = server.prove.bind(server)
      const refused: string[] = []
      server.prove = async (material, expected) => {
        if (!ofFirst.has(material.chainPem)) return prove(material, expected)
        refused.push(material.chainPem)
        throw new MayflyError('prove-failed', 'The handshake does not come about.')
      }
      if (way === 'for a wish') await host.store.wishRenewal(host.clock.now())
      await host.run(way === 'for a wish' ? minuteMs : 12.1 * hourMs)
      assert.equal(liveGeneration(host.state)?.number, 2)
      assert.equal(host.state.live?.served, true)
      assert.ok(!host.events.some(({ event }) => event === 'failed' || event === 'key-dropped'))
      assert.equal(refused.length, 1)
      assert.match(
        refusalsTold(host)[0]?.message ?? '',
        /no use, and the others are asked: The handshake does not/,
      )
    })
  }

  test('a wrong one at once, for a wish: the second is asked too', async () => {
    const host = await hostOfTwo()
    letFirstBe(
      host,
      withChain(() => 'no certificate at all'),
    )
    await host.store.wishRenewal(host.clock.now())
    await host.run(minuteMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.equal(host.state.live?.served, true)
  })

  test('wrong names from both: the first reason is told, the key is given up, and no more are asked for than of one issuer', async () => {
    const host = await hostOfTwo()
    letFirstBe(host, (_host, real) => real())
    host.issuer.names = [parseName('dns:other.example')]
    await host.run(24 * hourMs)
    const failed = host.events.find((event) => event.event === 'failed' && event.track === 'fetch')
    assert.match(
      failed?.event === 'failed' ? failed.setback.message : '',
      /^https:\/\/issuer\.example: .*lacks dns:web-1\.example/,
    )
    assert.ok(host.events.some(({ event }) => event === 'key-dropped'))
    assert.ok(host.issuer.minted <= 11, `${host.issuer.minted} certificates`)
  })

  test('and the second is away: as with one issuer, and the reason of the first is told', async () => {
    const host = await hostOfTwo()
    letFirstBe(
      host,
      withChain(() => 'no certificate at all'),
    )
    const { fault } = host.issuer
    host.issuer.fault = async (request, real) => {
      if (request.url.startsWith(second)) throw new MayflyError('transport-failed', 'no route')
      return fault?.(request, real) ?? real()
    }
    await host.run(13 * hourMs)
    assert.equal(liveGeneration(host.state)?.number, 1)
    assert.equal((host.state.setbacks.fetch ?? host.state.setbacks.ask)?.code, 'answer-invalid')
    host.issuer.fault = fault
    await host.run(6 * minuteMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
  })
})

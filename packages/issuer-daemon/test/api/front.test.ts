import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { describe, it } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { isMayflyError, MayflyError } from '@mayfly/ca-core'
import { type OpenFront, openFront } from '../../src/api/front/front.ts'
import { frontInThread } from '../../src/api/front/thread/thread-front.ts'
import { bodyBytesMax } from '../../src/api/limits/server-limits.ts'
import type { Route } from '../../src/api/route.ts'
import { jsonAnswer, route } from '../../src/api/route.ts'
import {
  type FrontKit,
  type FrontKitOptions,
  startFrontKit,
  wideLimits as wide,
} from '../support/front-kit.ts'
import { echo, look } from '../support/test-routes.ts'

const silent = { error: () => undefined }
const fronts: Readonly<Record<string, OpenFront>> = {
  'in this thread': openFront,
  'in a thread of its own': frontInThread(silent),
}

const say = { method: 'POST', path: '/echo', json: { say: 'x' } } as const

/** Says back what it was asked with. */
const mirror: Route = route({
  method: 'GET',
  url: '/mirror/:what',
  action: 'mirror',
  requires: 'nothing',
  schema: { safeParse: (data: unknown) => ({ success: true, data }) } as never,
  run: async ({ input, ifNoneMatch, caller }) => jsonAnswer({ input, ifNoneMatch, caller }),
})

for (const [where, open] of Object.entries(fronts)) {
  describe(`front ${where}`, () => {
    const use = async (options: FrontKitOptions, test: (kit: FrontKit) => Promise<void>): Promise<void> => {
      const kit = await startFrontKit(open, options)
      try {
        await test(kit)
      } finally {
        await kit.front.close()
      }
      // Whatever happened, the core was told of each request's end.
      assert.equal(kit.open(), 0)
    }

    it('a good request → the answer, one record, and told to the log with its time', async () => {
      await use({ routes: [look, echo('nothing')] }, async (kit) => {
        const answer = await kit.ask(say)
        assert.deepEqual([answer.status, answer.json], [200, { say: 'x' }])
        assert.equal(answer.headers['content-type'], 'application/json')
        assert.equal(answer.headers['cache-control'], 'no-store')
        const requestId = answer.headers['x-request-id']
        assert.deepEqual(
          kit.audited.map((record) => [record.requestId, record.action, record.address, record.outcome]),
          [[requestId, 'echo', '127.0.0.1', 'done']],
        )
        await kit.toldOf(1)
        const [told] = kit.answered
        assert.deepEqual([told?.route?.action, told?.method, told?.status], ['echo', 'POST', 200])
        assert.equal(told?.passage.requestId, requestId)
        assert.ok((told?.durationMs ?? 0) > 0)
      })
    })

    it('parameters, query and If-None-Match → reach the route', async () => {
      await use({ routes: [mirror] }, async ({ ask }) => {
        const headers = { 'if-none-match': '"7"' }
        const { json } = await ask({ method: 'GET', path: '/mirror/a%20b?c=d&c=e', headers })
        const input = { params: { what: 'a b' }, query: { c: ['d', 'e'] } }
        assert.deepEqual(json, { input, ifNoneMatch: '"7"', caller: { address: '127.0.0.1' } })
      })
    })

    it('many at once → each gets its own answer', async () => {
      await use({ routes: [echo('nothing')] }, async ({ ask, toldOf }) => {
        const words = Array.from({ length: 100 }, (_, index) => `word ${index}`)
        const answers = await Promise.all(words.map((word) => ask({ ...say, json: { say: word } })))
        assert.deepEqual(
          answers.map(({ json }) => (json as { say: string }).say),
          words,
        )
        await toldOf(words.length)
      })
    })

    it('refusals of the front and of the core → their status, and a record of those that need one', async () => {
      await use({ routes: [echo('token'), look] }, async (kit) => {
        const tooLong = { ...say, text: 'x'.repeat(bodyBytesMax + 1) }
        const asked = [
          { method: 'GET', path: '/nothing' },
          { method: 'GET', path: '/echo' },
          { ...say, type: 'text/plain' },
          { ...say, text: '{' },
          { ...say, text: Buffer.from([0x22, 0xff, 0x22]) },
          tooLong,
          say,
        ]
        const statuses: number[] = []
        for (const sent of asked) statuses.push((await kit.ask(sent)).status)
        assert.deepEqual(statuses, [404, 405, 415, 400, 400, 413, 401])
        const reasons = ['media-type-unsupported', 'request-invalid', 'request-invalid', 'body-too-large']
        assert.deepEqual(
          kit.audited.map(({ reason }) => reason),
          [...reasons, 'request-unauthenticated'],
        )
        await kit.toldOf(asked.length)
        assert.deepEqual(
          kit.answered.map(({ passage }) => passage.refusal?.code),
          ['not-found', 'method-not-allowed', ...reasons, 'request-unauthenticated'],
        )
      })
    })

    it('what breaks inside → 500 without a word of it, and the log has the cause', async () => {
      const breaking = echo('nothing', { run: async () => Promise.reject(new Error('the inside')) })
      await use({ routes: [breaking] }, async (kit) => {
        const answer = await kit.ask(say)
        assert.equal(answer.status, 500)
        assert.doesNotMatch(answer.text, /the inside/)
        await kit.toldOf(1)
        assert.match(String(kit.answered[0]?.passage.refusal?.cause), /the inside/)
      })
    })

    it('over the limit of its address → 429 without a record; other limits → it is counted anew', async () => {
      const limits = { address: { perMinute: 1, burst: 1 } }
      await use({ routes: [echo('nothing')], limits }, async ({ ask, audited, front }) => {
        assert.equal((await ask(say)).status, 200)
        const limited = await ask(say)
        assert.equal(limited.status, 429)
        assert.ok(Number(limited.headers['retry-after']) > 0)
        assert.equal(audited.length, 1)
        front.follow({ ...wide, address: { perMinute: 1, burst: 2 } })
        const statuses = [(await ask(say)).status, (await ask(say)).status, (await ask(say)).status]
        assert.deepEqual(statuses, [200, 200, 429])
      })
    })

    it('enrolments that fail → the next is refused before it is looked at', async () => {
      const limits = { enrolmentFailures: { perMinute: 1, burst: 2 } }
      await use({ routes: [echo('token')], limits }, async ({ ask, audited }) => {
        const statuses = [(await ask(say)).status, (await ask(say)).status, (await ask(say)).status]
        assert.deepEqual(statuses, [401, 401, 429])
        assert.equal(audited.length, 2)
      })
    })

    it('a relay → the address that it tells of; after a reload without it, its own', async () => {
      const limits = { relays: ['127.0.0.1'] }
      await use({ routes: [echo('nothing')], limits }, async ({ ask, audited, front }) => {
        const relayed = { ...say, headers: { 'x-forwarded-for': '198.51.100.7' } }
        await ask(relayed)
        front.follow(wide)
        await ask(relayed)
        assert.deepEqual(
          audited.map(({ address, relay }) => [address, relay]),
          [
            ['198.51.100.7', '127.0.0.1'],
            ['127.0.0.1', undefined],
          ],
        )
      })
    })

    it('a flood of newcomers → kept out; who has proved who it is comes in', async () => {
      const authenticate: FrontKitOptions['authenticate'] = async () =>
        ({ kind: 'token', claims: { jti: 'j', identity: 'web-1' } }) as never
      const limits = { newcomers: { perMinute: 1, burst: 1 } }
      await use({ routes: [echo('token')], limits, authenticate }, async ({ ask, front }) => {
        assert.equal((await ask(say)).status, 200)
        const stranger = connectPlain({ port: front.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
        stranger.on('error', () => undefined).resume()
        await once(stranger, 'close')
        assert.equal((await ask(say)).status, 200)
      })
    })

    it('newcomers that hold half of the connections → the next of them is kept out, a known address comes in', async () => {
      const authenticate: FrontKitOptions['authenticate'] = async () =>
        ({ kind: 'token', claims: { jti: 'j', identity: 'web-1' } }) as never
      const options = { routes: [echo('token')], limits: { connections: 4 }, authenticate }
      await use(options, async ({ ask, front, pki }) => {
        assert.equal((await ask(say)).status, 200)
        /** `undefined` for one that is not let in. */
        const stranger = async (localAddress: string) => {
          const place = { port: front.port, host: '127.0.0.1', localAddress }
          const socket = connect({ ...place, ca: pki.bundlePem }).on('error', () => undefined)
          const isIn = await new Promise((resolve) => {
            socket.once('secureConnect', () => resolve(true)).once('close', () => resolve(false))
          })
          return isIn === true ? socket : undefined
        }
        const held: TLSSocket[] = []
        // The server may still count the connection above, of one that was no more than a newcomer when it came.
        while (held.length < 2) {
          const socket = await stranger(`127.0.0.${held.length + 2}`)
          if (socket !== undefined) held.push(socket)
        }
        assert.equal(await stranger('127.0.0.4'), undefined)
        assert.equal((await ask(say)).status, 200)
        for (const socket of held) socket.destroy()
      })
    })

    it('a caller that leaves before its answer → the core is told that nobody took it', async () => {
      const gate = Promise.withResolvers<void>()
      const slow = echo('nothing', { run: () => gate.promise.then(() => jsonAnswer({})) })
      await use({ routes: [slow] }, async ({ front, pki, events, open }) => {
        const socket = connect({ host: '127.0.0.1', port: front.port, ca: pki.bundlePem })
        socket.on('error', () => undefined)
        const good =
          'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"say":"x"}'
        socket.write(good + good)
        while (open() < 2) await new Promise(setImmediate)
        socket.destroy()
        while (open() > 0) await once(events, 'ended')
        gate.resolve()
      })
    })

    it('another certificate → new connections see it, those that are open go on', async () => {
      await use({ routes: [look] }, async ({ front, pki }) => {
        const options = { host: '127.0.0.1', port: front.port, ca: pki.bundlePem }
        const kept = connect(options)
        await once(kept, 'secureConnect')
        const next = await pki.issue({ names: ['localhost', 'ip:127.0.0.1'] })
        front.present({ keyPem: next.keyPem, chainPem: next.fullchainPem })
        for (;;) {
          const fresh = connect(options)
          await once(fresh, 'secureConnect')
          const { serialNumber } = fresh.getPeerCertificate()
          fresh.destroy()
          if (BigInt(`0x${serialNumber}`) === BigInt(`0x${next.serial}`)) break
        }
        kept.write('GET /look/x HTTP/1.1\r\nHost: localhost\r\n\r\n')
        const [answer] = await once(kept, 'data')
        assert.match(String(answer), /^HTTP\/1\.1 200 /)
        kept.destroy()
      })
    })

    it('closed → what was accepted is answered, nothing new is', async () => {
      const gate = Promise.withResolvers<void>()
      const slow = echo('nothing', { run: () => gate.promise.then(() => jsonAnswer({ done: true })) })
      const kit = await startFrontKit(open, { routes: [slow] })
      const accepted = kit.ask(say)
      while (kit.open() === 0) await new Promise(setImmediate)
      const closed = kit.front.close()
      for (;;) {
        const refused = await kit.ask(say).catch((error: Error) => error.message)
        if (typeof refused === 'string') break
        assert.equal(refused.status, 503)
      }
      gate.resolve()
      assert.deepEqual((await accepted).json, { done: true })
      await closed
      assert.deepEqual([kit.open(), kit.answered.filter(({ status }) => status === 200).length], [0, 1])
    })

    it('a place that is taken → already-running', async () => {
      await use({ routes: [look] }, async ({ front }) => {
        await assert.rejects(
          startFrontKit(open, { routes: [look], listen: { host: '127.0.0.1', port: front.port } }),
          (error) => isMayflyError(error, 'already-running') && error instanceof MayflyError,
        )
      })
    })
  })
}

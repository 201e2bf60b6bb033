import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent } from 'node:https'
import { connect as connectPlain, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as nextLook } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { headerBytesMax } from '../../src/api/limits/server-limits.ts'
import { type Answer, jsonAnswer, route } from '../../src/api/route.ts'
import { ask } from '../support/https-caller.ts'
import { type TestServer, withServer } from '../support/test-server.ts'

const routes = [
  route({
    method: 'POST',
    url: '/echo',
    action: 'echo',
    requires: 'nothing',
    accepts: 'application/json',
    run: async () => jsonAnswer({}),
  }),
  route({
    method: 'GET',
    url: '/much',
    action: 'much',
    requires: 'nothing',
    run: async (): Promise<Answer> => ({ status: 200, mediaType: 'text/plain', headers: {}, body: much }),
  }),
]

/** More than the buffers of both ends take. */
const much = 'x'.repeat(32 * 1_024 * 1_024)

/** Short enough for a test, long enough for a handshake on a busy machine. */
const timeouts = { handshakeMs: 500, headersMs: 500, requestMs: 700, keepAliveMs: 500, checkIntervalMs: 50 }

/** Without a limit of ours the ends below come too, but only by the longer ones that Node has. */
const soon = { timeout: 45_000 }

test('half-open handshakes: one that never comes → the connection is ended', soon, async () => {
  await withServer({ routes, timeouts }, async ({ port }) => {
    const socket = connectPlain(port, '127.0.0.1')
    await everything(socket)
  })
})

test('slow requests: an answer that nobody takes → the connection is ended', soon, async () => {
  await withServer({ routes, timeouts: { inactivityMs: 300 } }, async (server) => {
    const socket = await connected(server)
    socket.pause()
    socket.write('GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n')
    while (server.inProgress() === 0) await nextLook(10)
    while (server.inProgress() > 0) await nextLook(10)
    socket.destroy()
  })
})

test('server: no Host, or two → 400: which server is asked has one reading', async () => {
  await withServer({ routes }, async (server) => {
    for (const hosts of ['', 'Host: localhost\r\nHost: evil.test\r\n']) {
      const socket = await connected(server)
      socket.write(`GET /much HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`)
      assert.match(await everything(socket), /^HTTP\/1\.1 400 /)
    }
  })
})

test('server: a connection that never asks → is ended', async () => {
  await withServer({ routes, timeouts }, async (server) => {
    const socket = await connected(server)
    await everything(socket)
  })
})

test('server: a connection that is kept → for as long as it is told', async () => {
  await withServer({ routes, timeouts: { ...timeouts, keepAliveMs: 7_000 } }, async ({ port, pki }) => {
    const agent = new Agent({ keepAlive: true })
    const sent = { method: 'POST', path: '/echo', json: {}, tls: { agent } }
    const { headers } = await ask(port, pki.bundlePem, sent)
    assert.match(String(headers['keep-alive']), /^timeout=7,/)
    agent.destroy()
  })
})

test('slow requests: headers that come drop by drop → the connection is ended', soon, async () => {
  await withServer({ routes, timeouts: { ...timeouts, requestMs: 100_000 } }, async (server) => {
    const socket = await connected(server)
    socket.write('POST /echo HTTP/1.1\r\nHost: localhost\r\n')
    const drops = setInterval(() => socket.write('X-Drop: 1\r\n'), 50)
    socket.once('close', () => clearInterval(drops))
    assert.match(await everything(socket), /^(HTTP\/1\.1 408 |$)/)
  })
})

test('slow requests: a body that comes drop by drop → the connection is ended', async () => {
  await withServer({ routes, timeouts }, async (server) => {
    const socket = await connected(server)
    socket.write(
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n',
    )
    const drops = setInterval(() => socket.write(' '), 50)
    socket.once('close', () => clearInterval(drops))
    assert.match(await everything(socket), /^(HTTP\/1\.1 408 |$)/)
    assert.equal(server.inProgress(), 0)
    // A body that did not come is no attempt.
    assert.deepEqual(server.audited, [])
  })
})

test('huge bodies: one without end → refused at the limit, not read on', async () => {
  await withServer({ routes }, async (server) => {
    const socket = await connected(server)
    socket.write(
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const flood = setInterval(() => socket.write(chunk), 1)
    socket.once('close', () => clearInterval(flood))
    assert.match(await everything(socket), /^HTTP\/1\.1 413 /)
    assert.equal(server.audited[0]?.reason, 'body-too-large')
  })
})

test('server: headers over the limit → 431', async () => {
  await withServer({ routes }, async (server) => {
    const socket = await connected(server)
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(headerBytesMax)}\r\n\r\n`)
    assert.match(await everything(socket), /^HTTP\/1\.1 431 /)
  })
})

test('server: what is no HTTP → 400 and the end', async () => {
  await withServer({ routes }, async (server) => {
    const socket = await connected(server)
    socket.write('\x16\x03\x01 hello\r\n\r\n')
    assert.match(await everything(socket), /^HTTP\/1\.1 400 /)
  })
})

test('server: two lengths for one body → 400: no second reading', async () => {
  await withServer({ routes }, async (server) => {
    const socket = await connected(server)
    socket.write(
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}',
    )
    assert.match(await everything(socket), /^HTTP\/1\.1 400 /)
  })
})

test('many connections: more than its limit → the surplus is dropped, the others are served', async () => {
  await withServer({ routes, connectionsMax: 2 }, async (server) => {
    const kept = [await connected(server), await connected(server)]
    await dropped(server)
    kept[0]?.destroy()
    await once(kept[0] as TLSSocket, 'close')
    await assert.doesNotReject(untilServed(server))
    kept[1]?.destroy()
  })
})

test('many connections: one address with all it may have → its surplus is dropped, others are served', async () => {
  const connectionLimits = { perAddressMax: () => 2, isRelay: () => false, admit: () => true }
  await withServer({ routes, connectionLimits }, async (server) => {
    const kept = [await connected(server), await connected(server)]
    await dropped(server)
    const other = await connected(server, { localAddress: '127.0.0.2' })
    kept[0]?.destroy()
    await once(kept[0] as TLSSocket, 'close')
    await assert.doesNotReject(untilServed(server))
    for (const socket of [...kept, other]) socket.destroy()
  })
})

test('server: a relay → as many connections as all may have, and no rate of its own', async () => {
  const connectionLimits = {
    perAddressMax: () => 1,
    isRelay: (address: string) => address === '127.0.0.1',
    admit: () => false,
  }
  await withServer({ routes, connectionLimits }, async (server) => {
    const kept = [await connected(server), await connected(server), await connected(server)]
    await dropped(server, { localAddress: '127.0.0.2' })
    for (const socket of kept) socket.destroy()
  })
})

test('server: connections faster than the rate of their address → ended before their handshake', async () => {
  const asked: string[] = []
  const admit = (address: string): boolean => asked.push(address) <= 1
  await withServer(
    { routes, connectionLimits: { perAddressMax: () => 9, isRelay: () => false, admit } },
    async (server) => {
      const kept = await connected(server)
      await dropped(server)
      assert.deepEqual(asked, ['127.0.0.1', '127.0.0.1'])
      kept.destroy()
    },
  )
})

test('server: newcomers over their share or their rate → ended before their handshake, known addresses are let in', async () => {
  let openMax = 2
  let admitted = 0
  const newcomers = {
    isKnown: (address: string) => address === '127.0.0.9',
    openMax: () => openMax,
    admit: () => ++admitted <= 2,
  }
  const limits = { perAddressMax: () => 9, isRelay: () => false, admit: () => true, newcomers }
  await withServer({ routes, connectionLimits: limits }, async (server) => {
    const kept = [await connected(server), await connected(server, { localAddress: '127.0.0.2' })]
    await dropped(server, { localAddress: '127.0.0.3' })
    kept.push(await connected(server, { localAddress: '127.0.0.9' }))
    openMax = 9
    await dropped(server, { localAddress: '127.0.0.4' })
    kept.push(await connected(server, { localAddress: '127.0.0.9' }))
    assert.equal(admitted, 3)
    for (const socket of kept) socket.destroy()
  })
})

test('server: pipelined requests whose connection breaks → keep no place among those in flight', async () => {
  await withServer({ routes }, async (server) => {
    const good =
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
    for (let round = 0; round < 20; round += 1) {
      const socket = await connected(server)
      socket.write(`${good}${good}${good}broken\r\n\r\n`)
      await everything(socket)
    }
    // The server may see the end a moment after us.
    for (let looks = 0; server.inProgress() > 0 && looks < 500; looks += 1) await nextLook(10)
    assert.equal(server.inProgress(), 0)
    await assert.doesNotReject(untilServed(server))
  })
})

test('server: TLS 1.2 → refused', async () => {
  await withServer({ routes }, async (server) => {
    await assert.rejects(
      connected(server, { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' }),
      /protocol version|EPROTO/i,
    )
  })
})

test('server: a caller that offers the post-quantum hybrid → it is taken, before X25519', async () => {
  await withServer({ routes }, async (server) => {
    const socket = await connected(server, { ecdhCurve: 'X25519:X25519MLKEM768' })
    const { name } = socket.getEphemeralKeyInfo() as { name?: string }
    assert.match(name ?? '', /X25519MLKEM768/)
    socket.destroy()
  })
})

test('server: a caller without the hybrid → X25519', async () => {
  await withServer({ routes }, async (server) => {
    const socket = await connected(server, { ecdhCurve: 'X25519' })
    assert.equal(socket.getProtocol(), 'TLSv1.3')
    socket.destroy()
  })
})

for (const [group, isTaken] of [
  ['X25519MLKEM768', true],
  ['X25519', true],
  ['P-256', true],
  ['P-384', true],
  ['P-521', false],
  ['X448', false],
  ['ffdhe2048', false],
  ['SecP256r1MLKEM768', false],
] as const) {
  test(`server: a caller with the group ${group} alone → ${isTaken ? 'served' : 'refused'}, as docs/operations.md says`, async () => {
    await withServer({ routes }, async (server) => {
      const connecting = connected(server, { ecdhCurve: group })
      if (isTaken) (await connecting).destroy()
      else await assert.rejects(connecting, /handshake failure|EPROTO|ECONNRESET/i)
    })
  })
}

test('session resumed past expiry or after the roots changed: the API, a session from before → a full handshake', async () => {
  await withServer({ routes }, async (server) => {
    const first = await connected(server)
    let session: Buffer | undefined
    first.on('session', (given: Buffer) => {
      session = given
    })
    first.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    await everything(first)
    assert.ok(session !== undefined, 'a caller is given something to come back with')
    const second = await connected(server, { session })
    assert.equal(second.isSessionReused(), false)
    second.destroy()
  })
})

async function connected({ port, pki }: TestServer, options: object = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: pki.bundlePem, ...options })
  await once(socket, 'secureConnect')
  // The end may come as a reset while we still write.
  socket.on('error', () => undefined)
  return socket
}

async function everything(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  // Not `once`, which rejects at an error: how the end comes does not matter here.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return text
}

async function untilServed(server: TestServer): Promise<void> {
  for (;;) {
    const answer = await ask(server.port, server.pki.bundlePem, {
      method: 'POST',
      path: '/echo',
      json: {},
    }).catch(() => undefined)
    if (answer?.status === 200) return
  }
}

/** Before its handshake: one that is let in and then does nothing is ended later, too. */
async function dropped({ port, pki }: TestServer, options: object = {}): Promise<void> {
  const surplus = connect({ port, host: '127.0.0.1', ca: pki.bundlePem, ...options })
  surplus.on('error', () => undefined)
  const isServed = await new Promise((resolve) => {
    surplus.once('secureConnect', () => resolve(true))
    surplus.once('close', () => resolve(false))
  })
  surplus.destroy()
  assert.equal(isServed, false)
}

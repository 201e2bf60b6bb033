import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { askCaddy } from '../../src/servers/ask-caddy.ts'
import { askUnixSocket } from '../../src/servers/ask-unix-socket.ts'
import { sendRedisCommands } from '../../src/servers/redis-connection.ts'

const timeoutMs = 300
/** Less than any limit, and so often that the connection is never idle. */
const dripMs = 20

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('x'), dripMs)
  socket.once('close', () => clearInterval(timer))
}

function flood(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write('x'.repeat(65_536)));
  }
  socket.on('drain', more)
  more()
}

/** Something that took the place of a server's own command port must not hold up every other certificate. */
describe('a server that answers for ever', { timeout: 30_000 }, () => {
  let folder: string
  let answer: (socket: Socket) => void
  let closed: Promise<void>
  const servers: Server[] = []

  const listen = async (place: { port: number } | { path: string }): Promise<Server> => {
    const server = createServer((socket) => {
      const end = Promise.withResolvers<void>()
      closed = end.promise
      socket
        .on('error', () => undefined)
        .on('close', () => end.resolve())
        .resume()
      answer(socket)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', ...place }, resolve))
    return server
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-endless-'))
  })
  after(async () => {
    for (const server of servers) server.close()
    await rm(folder, { recursive: true, force: true })
  })

  const fails = async (asked: Promise<unknown>, reason: RegExp): Promise<void> => {
    await assert.rejects(asked, (error) => {
      assert.ok(isMayflyError(error, 'reload-failed'))
      assert.match(error.message, reason)
      return true
    })
    await closed
  }

  test('Redis: no end of a line, or a byte now and then → told, and hung up', async () => {
    const { port } = (await listen({ port: 0 })).address() as AddressInfo
    const send = (): Promise<void> =>
      sendRedisCommands(
        { kind: 'tcp', connect: { host: '127.0.0.1', port } },
        [{ words: ['PING'] }],
        answer === flood ? undefined : timeoutMs,
      )
    answer = flood
    await fails(send(), /its answer is too long\. It keeps the old certificate/)
    answer = drip
    await fails(send(), /it does not answer in time/)
  })

  test('a runtime socket: endless, or a byte now and then → told, and hung up', async () => {
    const path = join(folder, 'admin.sock')
    await listen({ path })
    answer = flood
    await fails(askUnixSocket(path, 'show ssl cert\n'), /the answer is too long/)
    answer = drip
    await fails(askUnixSocket(path, 'show ssl cert\n', timeoutMs), /no answer in time/)
  })

  test('Caddy: an endless answer → hung up after its status; a byte of it now and then → told', async () => {
    const { port } = (await listen({ port: 0 })).address() as AddressInfo
    answer = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      flood(socket)
    }
    await askCaddy({ host: '127.0.0.1', port })
    await closed
    answer = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx: ')
      drip(socket)
    }
    await fails(askCaddy({ host: '127.0.0.1', port }, timeoutMs), /no answer in time/)
  })
})

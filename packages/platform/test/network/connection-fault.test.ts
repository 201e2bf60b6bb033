import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { connectionFault } from '@mayfly/platform'

async function faultAt(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port })
  const [error] = (await once(socket, 'error')) as [Error]
  return connectionFault(error)
}

test('connection fault: a port without TLS → said in words; one without anybody → as the system says it', async () => {
  const server = createServer((socket) =>
    socket
      .on('error', () => undefined)
      .resume()
      .end('220 not TLS at all\r\n'),
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  assert.equal(await faultAt(port), 'what answers there does not speak TLS (wrong version number)')
  await new Promise((resolve) => server.close(resolve))
  assert.match(await faultAt(port), /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/)
})

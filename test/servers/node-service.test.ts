import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { generateKeyPair } from '@mayfly/ca-core'
import { type Identity, openIdentity } from '@mayfly/client'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import { rotateUnderLoad } from '../support/load/rotate-under-load.ts'
import { createTestHost, type TestHost } from '../support/rotation.ts'
import { servedSerial } from '../support/served-serial.ts'
import { heldAnswer } from '../support/servers/plain-backend.ts'
import { until } from '../support/servers/started-server.ts'

/** A service that follows its files by itself, through the client library. */
const reload = { preset: 'none' } as const

let host: TestHost
let identity: Identity
let service: ReturnType<Identity['createServer']>
let endpoint: ProbeEndpoint
const held = new Set<ServerResponse>()
const complaints: string[] = []

before(async () => {
  host = await createTestHost({ order: { profile: 'peer' } })
  await host.install(await host.issue())
  identity = await openIdentity(host.liveFolder)
  identity.on('problem', (problem: Error) => complaints.push(problem.message))
  service = identity.createServer({ allow: 'anyone-in-bundle' }, (request, response) => {
    if (request.url !== '/held') return void response.end('ok\n')
    response.write(heldAnswer.beginning)
    held.add(response)
  })
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  const { port } = service.address() as AddressInfo
  endpoint = { connect: { host: '127.0.0.1', port }, serverName: 'web-1.example' }
})

after(async () => {
  service?.close()
  service?.closeAllConnections()
  await identity?.close()
  await host?.remove()
})

function release(): void {
  for (const response of held) response.end(heldAnswer.end)
  held.clear()
}

test('Node service: ten rotations under load → no failed handshake, no failed request, every serial seen', async () => {
  await rotateUnderLoad({ host, reload, endpoint, backend: { release } })
})

test('Node service: a mismatched pair → told, the old one is still served, and the next rotation works', async () => {
  const { serial } = await host.rotate(reload, [endpoint])
  await host.install({ ...(await host.issue()), keyPair: await generateKeyPair('ec-p256') })
  await until(() => complaints.length > 0, 'a complaint of the service')
  assert.match(complaints.join(), /key/)
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
  await host.rotate(reload, [endpoint])
})

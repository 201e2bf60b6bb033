import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { encodeCertificateChain, encodePrivateKey, generateKeyPair } from '@mayfly/ca-core'
import {
  createHttpsServer,
  serverTimeouts,
} from '../../../packages/issuer-daemon/src/api/front/https-server.ts'
import { createTestIssuer } from '../../support/test-issuer.ts'

/**
 * What Node itself can do: an HTTPS server with the issuer's settings and no framework, in a process of its own. It
 * takes a body and answers with as many octets as an issuer does. `node bare-server.ts ANSWER-BYTES`; tells its port.
 */
const answer = Buffer.alloc(Number(process.argv[2]), 'x')
const { issue } = await createTestIssuer()
const keyPair = await generateKeyPair('ec-p256')
const { chain } = await issue({ keyPair, names: ['dns:localhost'] })
const server = createHttpsServer(
  {
    material: { chainPem: encodeCertificateChain(chain), keyPem: encodePrivateKey(keyPair) },
    connectionsMax: 10_000,
    timeouts: serverTimeouts,
  },
  (request, response) => {
    request.on('data', () => undefined)
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
      response.end(answer)
    })
  },
)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.({ port: (server.address() as AddressInfo).port })
process.once('disconnect', () => process.exit())

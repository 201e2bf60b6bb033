import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { openIdentity } from '@mayfly/client'
import type { Sighting } from '../fleet/fleet-view.ts'

/** What the service is told in its file. */
export interface NodeServiceSettings {
  readonly live: string
  readonly port: number
  /** The name of the one host that may call, and what the demo calls it. */
  readonly allow: string
  readonly caller: string
}

/** Greets callers on the loopback interface until `signal` is aborted; tells which certificate each showed. */
export async function runNodeService(
  settings: NodeServiceSettings,
  tell: (sighting: Sighting) => void,
  signal: AbortSignal,
): Promise<void> {
  const identity = await openIdentity(settings.live)
  const greet = (request: IncomingMessage, response: ServerResponse): void => {
    const { serial, notAfter } = identity.peerIdentity(request)
    tell({ type: 'serial', host: settings.caller, serial, notAfter })
    response.end('hello from a Node service\n')
  }
  const server = identity.createServer({ allow: [settings.allow] }, greet).listen(settings.port, '127.0.0.1')
  await once(server, 'listening')
  if (!signal.aborted) await once(signal, 'abort')
  server.close()
  server.closeIdleConnections()
  await once(server, 'close')
  await identity.close()
}

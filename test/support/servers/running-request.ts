import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { ProbeEndpoint } from '../../../packages/agent/src/probing/endpoint.ts'

/** Begins a request to `/held` and resolves once its answer has begun; `body` is the whole of it in the end. */
export async function beginRequest(
  { connect, serverName }: ProbeEndpoint,
  caller: { readonly ca: string; readonly cert?: string; readonly key?: string },
): Promise<{ readonly body: Promise<string> }> {
  const outgoing = request({
    ...connect,
    ...caller,
    path: '/held',
    servername: serverName,
    headers: { host: serverName },
    agent: false,
  })
  outgoing.end()
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  const body = text(answer)
  // It is awaited later, and may fail before.
  body.catch(() => undefined)
  return { body }
}

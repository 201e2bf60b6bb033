import type { IncomingHttpHeaders } from 'node:http'
import { type RequestOptions, request } from 'node:https'

export interface Sent {
  readonly method: string
  readonly path: string
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly text?: string | Uint8Array
  /** Media type; `null` for none. Default: JSON where there is a body. */
  readonly type?: string | null
  /** A field with several values is sent as often. */
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly tls?: RequestOptions
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly json: unknown
}

/** One request over TLS on a connection of its own, trusting `ca` only. */
export function ask(port: number, ca: string, sent: Sent): Promise<Answered> {
  const body = sent.text ?? (sent.json === undefined ? undefined : JSON.stringify(sent.json))
  const type = sent.type === undefined && body !== undefined ? 'application/json' : sent.type
  const headers = { ...sent.headers, ...(type == null ? {} : { 'content-type': type }) }
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port,
        ca,
        method: sent.method,
        path: sent.path,
        headers,
        agent: false,
        ...sent.tls,
      },
      (answer) => {
        const chunks: Uint8Array[] = []
        answer.on('data', (chunk: Uint8Array) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          const isJson = /json/.test(answer.headers['content-type'] ?? '')
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text,
            json: isJson ? JSON.parse(text) : undefined,
          })
        })
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

import { MayflyError } from '@mayfly/ca-core'
import type { HostPort } from '@mayfly/platform'

const answerTimeoutMs = 10_000

/**
 * Looks whether Caddy takes commands at its administration address: asks for the state of its servers, and
 * takes any answer but a refusal. Throws `reload-failed`.
 */
export async function askCaddy({ host, port }: HostPort, timeoutMs: number = answerTimeoutMs): Promise<void> {
  // Loaded only where there is a Caddy: every agent has this file, and few have one.
  const { get } = await import('node:http')
  const shown = `${host}:${port}`
  await new Promise<void>((resolve, reject) => {
    const fail = (because: 'server-down' | 'answer', message: string, cause?: unknown): void =>
      reject(new MayflyError('reload-failed', message, { details: { address: shown, because }, cause }))
    // A connection of its own: one that is kept would hold up the end of the program.
    const request = get({ host, port, path: '/reverse_proxy/upstreams', agent: false }, (response) => {
      const { statusCode = 0 } = response
      // The rest may be endless.
      request.destroy()
      if (statusCode !== 403) resolve()
      else fail('answer', `Caddy at ${shown} refuses commands: set admin to an address of its origins.`)
    })
    const limit = setTimeout(() => request.destroy(new Error('no answer in time')), timeoutMs)
    request.once('close', () => clearTimeout(limit))
    request.once('error', (cause) =>
      fail(
        'server-down',
        `Caddy takes no commands at ${shown}: ${cause.message}. Start it, or set admin to what admin says in its configuration.`,
        cause,
      ),
    )
  })
}

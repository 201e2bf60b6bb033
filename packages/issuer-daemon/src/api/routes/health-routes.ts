import { mediaTypes } from '@mayfly/ca-core'
import type { Readiness } from '../readiness.ts'
import { jsonAnswer, type Route, route } from '../route.ts'

const retryAfterSeconds = 10

/** `GET /healthz`: the process runs and answers. `GET /readyz`: it can issue. */
export function healthRoutes(readiness: () => Promise<Readiness>): Route[] {
  return [
    route({
      method: 'GET',
      url: '/healthz',
      action: 'health',
      requires: 'nothing',
      run: async () => jsonAnswer({ status: 'ok' }),
    }),
    route({
      method: 'GET',
      url: '/readyz',
      action: 'readiness',
      requires: 'nothing',
      async run() {
        const found = await readiness()
        if (found.ready) return jsonAnswer({ status: 'ready' })
        const headers = { 'cache-control': 'no-store', 'retry-after': String(retryAfterSeconds) }
        const body = { status: 'not-ready', because: found.because }
        return { status: 503, mediaType: mediaTypes.json, headers, body }
      },
    }),
  ]
}

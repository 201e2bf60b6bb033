import { endpointPaths, formatTaintedNotice, mediaTypes, taintedHeader } from '@mayfly/ca-core'
import type { ServedBundle } from '../../issuing/issuer-ports.ts'
import { type Route, route } from '../route.ts'

/** A new bundle reaches every agent within a minute of its installation, through caches too. */
const cacheControl = 'public, max-age=60'

/**
 * `GET /v1/bundle`: the signed trust bundle. Its ETag is its sequence. With it goes the notice of tainted
 * intermediates, as every host asks here within the hour.
 */
export function bundleRoute(bundle: () => ServedBundle, tainted: () => readonly string[]): Route {
  return route({
    method: 'GET',
    url: endpointPaths.bundle,
    action: 'bundle',
    requires: 'nothing',
    async run({ ifNoneMatch }) {
      const served = bundle()
      const etag = `"${served.bundle.sequence}"`
      const notice = formatTaintedNotice(tainted())
      const headers = {
        etag,
        'cache-control': cacheControl,
        ...(notice !== '' && { [taintedHeader]: notice }),
      }
      if (matches(ifNoneMatch, etag)) return { status: 304, mediaType: mediaTypes.jws, headers }
      return { status: 200, mediaType: mediaTypes.jws, headers, body: served.text }
    },
  })
}

/** RFC 9110 13.1.2: a list of tags, weak ones too, or `*`. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  // Nearly everybody holds the newest one, and names nothing else.
  if (ifNoneMatch === etag) return true
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(etag)
}

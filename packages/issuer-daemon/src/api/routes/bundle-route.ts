import {
  endpointPaths,
  formatBundleFreshness,
  formatTaintedNotice,
  mediaTypes,
  taintedHeader,
} from '@mayfly/ca-core'
import type { ServedBundle } from '../../issuing/issuer-ports.ts'
import { type Route, route } from '../route.ts'

/** What hosts are told at a look at the trust bundle. Asked at each, so that it can be replaced. */
export interface TrustNews {
  bundle(): ServedBundle
  /** Intermediates whose certificates hosts are told to replace. */
  tainted(): readonly string[]
  /** How long the look holds; `undefined` leaves that to the host. */
  bundleMaxAgeSeconds(): number | undefined
}

/**
 * `GET /v1/bundle`: the signed trust bundle. Its ETag is its sequence. With it goes the notice of tainted
 * intermediates, as every host asks here again and again, and when it need not before.
 */
export function bundleRoute(news: TrustNews): Route {
  return route({
    method: 'GET',
    url: endpointPaths.bundle,
    action: 'bundle',
    requires: 'nothing',
    async run({ ifNoneMatch }) {
      const served = news.bundle()
      const etag = `"${served.bundle.sequence}"`
      const notice = formatTaintedNotice(news.tainted())
      const headers = {
        etag,
        'cache-control': formatBundleFreshness(news.bundleMaxAgeSeconds()),
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

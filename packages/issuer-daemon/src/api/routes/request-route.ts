import { endpointPaths, mediaTypes } from '@mayfly/ca-core'
import type { Issuer } from '../../issuing/issuer.ts'
import { jsonAnswer, type Route, route } from '../route.ts'

/**
 * `POST /v1/requests`: the next public key, signed with the current one. The certificate comes at once
 * (200) or is scheduled (202). The body was checked together with its signature.
 */
export function requestRoute(issuer: Pick<Issuer, 'submitRequest'>): Route {
  return route({
    method: 'POST',
    url: endpointPaths.requests,
    action: 'request',
    requires: 'lineage',
    accepts: mediaTypes.jws,
    async run({ context, attempt }) {
      const answer = await issuer.submitRequest(context, attempt)
      return jsonAnswer(answer, answer.status === 'issued' ? 200 : 202)
    },
  })
}

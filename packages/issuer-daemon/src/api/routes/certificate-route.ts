import { endpointPaths, MayflyError, mediaTypes, sha256HexSchema } from '@mayfly/ca-core'
import * as z from 'zod'
import type { Issuer } from '../../issuing/issuer.ts'
import { type Route, route } from '../route.ts'

/** A key gets one certificate, ever; and nothing of Mayfly's lives longer than a day. */
const cacheControl = 'public, max-age=86400, immutable'

/** `GET /v1/certificates/{sha-256 of the public key}`: the chain once minted, 404 with Retry-After before. */
export function certificateRoute(issuer: Pick<Issuer, 'certificate'>): Route {
  return route<{ params: { keyHash: string } }>({
    method: 'GET',
    url: `${endpointPaths.certificates}/:keyHash`,
    action: 'certificate',
    requires: 'nothing',
    schema: z.object({ params: z.strictObject({ keyHash: sha256HexSchema }) }),
    async run({ input }) {
      const certificate = await issuer.certificate(input.params.keyHash)
      if (certificate === undefined) {
        throw new MayflyError('not-minted', 'There is no certificate for this key yet. Ask again later.')
      }
      const headers = { 'cache-control': cacheControl }
      return { status: 200, mediaType: mediaTypes.pemChain, headers, body: certificate.chainPem }
    },
  })
}

import { mediaTypes } from '@mayfly/ca-core'
import * as z from 'zod'
import { jsonAnswer, type Route, route } from '../api/route.ts'
import type { Issuer } from '../issuing/issuer.ts'

/** `POST /admin/authority/taint` */
export interface TaintMessage {
  /** SHA-256 of the intermediate, lower hex. */
  readonly fingerprint: string
}

const taintSchema: z.ZodType<TaintMessage> = z.strictObject({
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
})

/** The lifecycle of the intermediate, as far as the running issuer has to do it. */
export function authorityRoutes(issuer: Issuer): Route[] {
  return [
    route<{ body: TaintMessage }>({
      method: 'POST',
      url: '/admin/authority/taint',
      action: 'authority.taint',
      requires: 'admin',
      power: 'owner',
      accepts: mediaTypes.json,
      schema: z.object({ body: taintSchema }),
      run: async ({ input, attempt }) =>
        jsonAnswer(await issuer.taintAuthority(input.body.fingerprint, attempt)),
    }),
    route({
      method: 'POST',
      url: '/admin/authority/activate',
      action: 'authority.activate',
      requires: 'admin',
      power: 'owner',
      run: async ({ attempt }) => jsonAnswer(await issuer.activateAuthority(attempt)),
    }),
  ]
}

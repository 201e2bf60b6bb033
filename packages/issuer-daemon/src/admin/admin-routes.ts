import { mediaTypes } from '@mayfly/ca-core'
import * as z from 'zod'
import type { KeptAlarmKind } from '../alarms/kept-alarms.ts'
import { jsonAnswer, type Route, route } from '../api/route.ts'
import type { Issuer } from '../issuing/issuer.ts'
import {
  type AuditPageMessage,
  alarmParameters,
  auditQuery,
  type IdentityPageMessage,
  identityParameters,
  identityQuery,
  type NewIdentityMessage,
  type NewTokenMessage,
  newIdentitySchema,
  newTokenSchema,
  tokenParameters,
} from './admin-messages.ts'

/** Everything that the administration socket answers to. Whoever can connect to it is the admin. */
export function adminRoutes(issuer: Issuer): Route[] {
  return [...identityRoutes(issuer), ...tokenRoutes(issuer), ...auditRoutes(issuer), ...stateRoutes(issuer)]
}

function identityRoutes(issuer: Issuer): Route[] {
  return [
    route<{ body: NewIdentityMessage }>({
      method: 'POST',
      url: '/admin/identities',
      action: 'identity.add',
      requires: 'admin',
      accepts: mediaTypes.json,
      schema: z.object({ body: newIdentitySchema }),
      run: async ({ input, attempt }) => jsonAnswer(await issuer.addIdentity(input.body, attempt), 201),
    }),
    route<{ query: IdentityPageMessage }>({
      method: 'GET',
      url: '/admin/identities',
      action: 'identity.list',
      requires: 'admin',
      schema: identityQuery,
      run: async ({ input }) => jsonAnswer(await issuer.listIdentities(input.query)),
    }),
    route<{ params: { name: string } }>({
      method: 'GET',
      url: '/admin/identities/:name',
      action: 'identity.show',
      requires: 'admin',
      schema: identityParameters,
      run: async ({ input }) => jsonAnswer(await issuer.showIdentity(input.params.name)),
    }),
    route<{ params: { name: string } }>({
      method: 'POST',
      url: '/admin/identities/:name/suspend',
      action: 'identity.suspend',
      requires: 'admin',
      schema: identityParameters,
      run: async ({ input, attempt }) => jsonAnswer(await issuer.suspendIdentity(input.params.name, attempt)),
    }),
    route<{ params: { name: string } }>({
      method: 'POST',
      url: '/admin/identities/:name/resume',
      action: 'identity.resume',
      requires: 'admin',
      schema: identityParameters,
      run: async ({ input, attempt }) => jsonAnswer(await issuer.resumeIdentity(input.params.name, attempt)),
    }),
  ]
}

function tokenRoutes(issuer: Issuer): Route[] {
  return [
    route<{ body: NewTokenMessage }>({
      method: 'POST',
      url: '/admin/tokens',
      action: 'token.create',
      requires: 'admin',
      accepts: mediaTypes.json,
      schema: z.object({ body: newTokenSchema }),
      run: async ({ input, attempt }) => jsonAnswer(await issuer.createToken(input.body, attempt), 201),
    }),
    route({
      method: 'GET',
      url: '/admin/tokens',
      action: 'token.list',
      requires: 'admin',
      run: async () => jsonAnswer({ tokens: await issuer.listTokens() }),
    }),
    route<{ params: { jti: string } }>({
      method: 'DELETE',
      url: '/admin/tokens/:jti',
      action: 'token.revoke',
      requires: 'admin',
      schema: tokenParameters,
      async run({ input, attempt }) {
        await issuer.revokeToken(input.params.jti, attempt)
        return { status: 204, mediaType: mediaTypes.json }
      },
    }),
  ]
}

function auditRoutes(issuer: Issuer): Route[] {
  return [
    route<{ query: AuditPageMessage }>({
      method: 'GET',
      url: '/admin/audit',
      action: 'audit.read',
      requires: 'admin',
      schema: auditQuery,
      run: async ({ input }) => jsonAnswer({ records: await issuer.readAudit(input.query) }),
    }),
    route({
      method: 'GET',
      url: '/admin/audit/end',
      action: 'audit.end',
      requires: 'admin',
      run: async () => jsonAnswer(await issuer.auditEnd()),
    }),
  ]
}

function stateRoutes(issuer: Issuer): Route[] {
  return [
    route<{ params: { because: KeptAlarmKind } }>({
      method: 'DELETE',
      url: '/admin/alarms/:because',
      action: 'alarm.acknowledge',
      requires: 'admin',
      schema: alarmParameters,
      async run({ input, attempt }) {
        await issuer.acknowledgeAlarm(input.params.because, attempt)
        return { status: 204, mediaType: mediaTypes.json }
      },
    }),
    route({
      method: 'GET',
      url: '/admin/status',
      action: 'status',
      requires: 'admin',
      run: async () => jsonAnswer(await issuer.status()),
    }),
    route({
      method: 'POST',
      url: '/admin/forgotten/accept',
      action: 'forgotten.accept',
      requires: 'admin',
      run: async ({ attempt }) => jsonAnswer(await issuer.acceptForgotten(attempt)),
    }),
    route({
      method: 'POST',
      url: '/admin/clock/accept',
      action: 'clock.accept',
      requires: 'admin',
      async run({ attempt }) {
        await issuer.acceptClock(attempt)
        return { status: 204, mediaType: mediaTypes.json }
      },
    }),
  ]
}

import { isMayflyError, mediaTypes, parseIdentityName } from '@mayfly/ca-core'
import * as z from 'zod'
import type { KeptAlarmKind } from '../alarms/kept-alarms.ts'
import { jsonAnswer, type Route, route } from '../api/route.ts'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import type { Issuer } from '../issuing/issuer.ts'
import { requireContext } from '../issuing/require-context.ts'
import type { SecurityContext } from '../issuing/security-context.ts'
import {
  type ApplyIdentitiesMessage,
  type AuditPageMessage,
  alarmParameters,
  appliedBytesMax,
  applyIdentitiesSchema,
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
import type { AdminRights } from './admin-rights.ts'
import { authorityRoutes } from './authority-routes.ts'

/** Everything that the administration sockets answer to. Who can connect to one is the admin that it is for. */
export function adminRoutes(issuer: Issuer): Route[] {
  return [
    ...identityRoutes(issuer),
    ...tokenRoutes(issuer),
    ...auditRoutes(issuer),
    ...stateRoutes(issuer),
    ...authorityRoutes(issuer),
  ]
}

function identityRoutes(issuer: Issuer): Route[] {
  return [
    route<{ body: NewIdentityMessage }>({
      method: 'POST',
      url: '/admin/identities',
      action: 'identity.add',
      requires: 'admin',
      power: 'identities.write',
      accepts: mediaTypes.json,
      schema: z.object({ body: newIdentitySchema }),
      async run({ input, attempt, context }) {
        learnIdentity(attempt, input.body.name)
        return jsonAnswer(await issuer.addIdentity(input.body, attempt, rightsIn(context)), 201)
      },
    }),
    route<{ body: ApplyIdentitiesMessage }>({
      method: 'POST',
      url: '/admin/identities/apply',
      action: 'identity.apply',
      requires: 'admin',
      power: 'identities.write',
      accepts: mediaTypes.json,
      bodyBytesMax: appliedBytesMax,
      schema: z.object({ body: applyIdentitiesSchema }),
      run: async ({ input, attempt, context }) =>
        jsonAnswer(await issuer.applyIdentities(input.body, attempt, rightsIn(context))),
    }),
    route<{ query: IdentityPageMessage }>({
      method: 'GET',
      url: '/admin/identities',
      action: 'identity.list',
      requires: 'admin',
      power: 'identities.read',
      schema: identityQuery,
      run: async ({ input, context }) =>
        jsonAnswer(await issuer.listIdentities(input.query, rightsIn(context))),
    }),
    route<{ params: { name: string } }>({
      method: 'GET',
      url: '/admin/identities/:name',
      action: 'identity.show',
      requires: 'admin',
      power: 'identities.read',
      schema: identityParameters,
      async run({ input, attempt, context }) {
        learnIdentity(attempt, input.params.name)
        return jsonAnswer(await issuer.showIdentity(input.params.name, rightsIn(context)))
      },
    }),
    route<{ params: { name: string } }>({
      method: 'POST',
      url: '/admin/identities/:name/suspend',
      action: 'identity.suspend',
      requires: 'admin',
      power: 'identities.write',
      schema: identityParameters,
      async run({ input, attempt, context }) {
        learnIdentity(attempt, input.params.name)
        return jsonAnswer(await issuer.suspendIdentity(input.params.name, attempt, rightsIn(context)))
      },
    }),
    route<{ params: { name: string } }>({
      method: 'POST',
      url: '/admin/identities/:name/resume',
      action: 'identity.resume',
      requires: 'admin',
      power: 'identities.write',
      schema: identityParameters,
      async run({ input, attempt, context }) {
        learnIdentity(attempt, input.params.name)
        return jsonAnswer(await issuer.resumeIdentity(input.params.name, attempt, rightsIn(context)))
      },
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
      power: 'tokens',
      accepts: mediaTypes.json,
      schema: z.object({ body: newTokenSchema }),
      async run({ input, attempt, context }) {
        learnIdentity(attempt, input.body.identity)
        return jsonAnswer(await issuer.createToken(input.body, attempt, rightsIn(context)), 201)
      },
    }),
    route({
      method: 'GET',
      url: '/admin/tokens',
      action: 'token.list',
      requires: 'admin',
      power: 'tokens',
      run: async ({ context }) => jsonAnswer({ tokens: await issuer.listTokens(rightsIn(context)) }),
    }),
    route<{ params: { jti: string } }>({
      method: 'DELETE',
      url: '/admin/tokens/:jti',
      action: 'token.revoke',
      requires: 'admin',
      power: 'tokens',
      schema: tokenParameters,
      async run({ input, attempt, context }) {
        await issuer.revokeToken(input.params.jti, attempt, rightsIn(context))
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
      power: 'audit',
      schema: auditQuery,
      run: async ({ input }) => jsonAnswer({ records: await issuer.readAudit(input.query) }),
    }),
    route({
      method: 'GET',
      url: '/admin/audit/end',
      action: 'audit.end',
      requires: 'admin',
      power: 'audit',
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
      power: 'owner',
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
      power: 'status',
      run: async () => jsonAnswer(await issuer.status()),
    }),
    route({
      method: 'POST',
      url: '/admin/forgotten/accept',
      action: 'forgotten.accept',
      requires: 'admin',
      power: 'owner',
      run: async ({ attempt }) => jsonAnswer(await issuer.acceptForgotten(attempt)),
    }),
    route({
      method: 'POST',
      url: '/admin/clock/accept',
      action: 'clock.accept',
      requires: 'admin',
      power: 'owner',
      async run({ attempt }) {
        await issuer.acceptClock(attempt)
        return { status: 204, mediaType: mediaTypes.json }
      },
    }),
  ]
}

/** A refusal is recorded with whom it was about. What cannot be a name is nobody. */
function learnIdentity(attempt: AuditAttempt, name: string): void {
  try {
    attempt.learn({ identity: parseIdentityName(name) })
  } catch (error) {
    if (!isMayflyError(error, 'name-invalid')) throw error
  }
}

function rightsIn(context: SecurityContext): AdminRights {
  return requireContext(context, 'admin').rights
}

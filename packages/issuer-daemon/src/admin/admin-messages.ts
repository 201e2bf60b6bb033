import { identityNameCharactersMax, namesMax, type ProfileName } from '@mayfly/ca-core'
import * as z from 'zod'
import { type KeptAlarmKind, keptAlarms } from '../alarms/kept-alarms.ts'
import { auditPageMax } from '../audit/read-audit.ts'
import type { ApplyIdentitiesOrder } from '../identities/apply-identities.ts'
import { type IdentityListOrder, listedIdentitiesMax } from '../identities/list-identities.ts'

/** The longest name of any type (RFC 3986 sets no end to URIs; SPIFFE IDs have 2,048). */
const nameCharactersMax = 2_048
const jtiCharactersMax = 128
/** What fits into `appliedBytesMax` with names of a usual length. */
const appliedIdentitiesMax = 200_000

/** A file of so many identities, as JSON. It comes from an admin. */
export const appliedBytesMax = 16 * 1_048_576
const agentVersionCharactersMax = 64

const profile = z.enum(['server', 'client', 'peer'] as const satisfies readonly ProfileName[])
/** Only bounded here: the use cases parse names, in one place for every way in. */
const text = (charactersMax: number) => z.string().min(1).max(charactersMax)
const names = z.array(text(nameCharactersMax)).max(namesMax)
/** Whatever an admin took for one, so that `parseIdentityName` says what it should be. */
const identityName = z.string().max(nameCharactersMax)

/** `POST /admin/identities` */
export interface NewIdentityMessage {
  readonly name: string
  readonly profile: ProfileName
  readonly names: readonly string[]
}

export const newIdentitySchema: z.ZodType<NewIdentityMessage> = z.strictObject({
  name: identityName,
  profile,
  names,
})

/** `POST /admin/identities/apply`: what all identities are to be. */
export type ApplyIdentitiesMessage = ApplyIdentitiesOrder

export const applyIdentitiesSchema: z.ZodType<ApplyIdentitiesMessage> = z.strictObject({
  identities: z.array(newIdentitySchema).max(appliedIdentitiesMax),
  prune: z.boolean(),
  dryRun: z.boolean(),
})

/** `POST /admin/tokens`; with `names` the identity is added where there is none. */
export interface NewTokenMessage {
  readonly identity: string
  readonly profile?: ProfileName
  readonly names?: readonly string[]
  readonly lifetimeSeconds?: number
}

export const newTokenSchema: z.ZodType<NewTokenMessage> = z.strictObject({
  identity: identityName,
  profile: profile.exactOptional(),
  names: names.exactOptional(),
  lifetimeSeconds: z.int().exactOptional(),
})

/** The name of an identity in a path. */
export const identityParameters: z.ZodType<{ params: { name: string } }> = z.object({
  params: z.strictObject({ name: text(identityNameCharactersMax) }),
})

/** The id of a token in a path. */
export const tokenParameters: z.ZodType<{ params: { jti: string } }> = z.object({
  params: z.strictObject({ jti: text(jtiCharactersMax) }),
})

/** `GET /admin/identities?state=…&afterName=…&limit=…`: one page of the list, by name. */
export type IdentityPageMessage = IdentityListOrder

export const identityQuery: z.ZodType<{ query: IdentityPageMessage }> = z.object({
  query: z.strictObject({
    state: z.enum(['new', 'active', 'expired', 'suspended']).exactOptional(),
    profile: profile.exactOptional(),
    name: z
      .string()
      .regex(/^[a-z0-9._*-]+$/, 'must be an identity name, in which * stands for any characters')
      .max(identityNameCharactersMax)
      .exactOptional(),
    renewal: z.enum(['due', 'overdue']).exactOptional(),
    seenBefore: z.coerce.number().int().min(0).exactOptional(),
    agentVersion: text(agentVersionCharactersMax).exactOptional(),
    bundleBehind: z
      .literal('true')
      .transform(() => true as const)
      .exactOptional(),
    afterName: text(identityNameCharactersMax).exactOptional(),
    limit: z.coerce.number().int().min(1).max(listedIdentitiesMax).exactOptional(),
  }),
})

/** `GET /admin/audit?afterNumber=…&limit=…`: one page of the history. */
export interface AuditPageMessage {
  readonly afterNumber?: number
  readonly limit?: number
}

export const auditQuery: z.ZodType<{ query: AuditPageMessage }> = z.object({
  query: z.strictObject({
    afterNumber: z.coerce.number().int().min(0).exactOptional(),
    limit: z.coerce.number().int().min(1).max(auditPageMax).exactOptional(),
  }),
})

/** An alarm that can be acknowledged, in a path. */
export const alarmParameters: z.ZodType<{ params: { because: KeptAlarmKind } }> = z.object({
  params: z.strictObject({ because: z.enum(keptAlarms) }),
})

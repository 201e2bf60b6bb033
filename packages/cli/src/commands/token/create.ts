import type { ProfileName } from '@mayfly/ca-core'
import type { JsonOf } from '../../json/json-fields.ts'
import type { Answer } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import { readDuration } from '../read-duration.ts'
import type { Session } from '../session.ts'
import type { tokenCreateJson } from './token-json.ts'

export interface TokenCreateOptions extends AdminOptions {
  readonly identity: string
  readonly profile?: ProfileName
  readonly name?: readonly string[]
  readonly life?: string
  readonly json?: boolean
}

/** `mayfly token create` */
export async function tokenCreate(
  options: TokenCreateOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof tokenCreateJson>>> {
  const { identity, profile, name: names, life } = options
  const admin = await openAdmin(options, session)
  const created = await admin.createToken({
    identity,
    ...(profile !== undefined && { profile }),
    ...(names !== undefined && { names }),
    ...(life !== undefined && { lifetimeSeconds: readDuration('--life', life) }),
  })
  if (!session.json) {
    session.terminal.say(
      `For ${created.identity}, once, until ${created.expiresAt}. On the host: mayfly agent enroll`,
    )
  }
  // Alone on standard output, for `$(mayfly token create web-1)`.
  return { json: created, lines: [created.token] }
}

import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, table } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import type { tokenListJson } from './token-json.ts'

export interface TokenListOptions extends AdminOptions {
  readonly json?: boolean
}

/** `mayfly token list` */
export async function tokenList(
  options: TokenListOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof tokenListJson>>> {
  const tokens = await (await openAdmin(options, session)).listTokens()
  const rows = tokens.map(({ jti, identity, state, expiresAt }) => [identity, state, expiresAt, jti])
  return {
    json: { tokens },
    lines: rows.length === 0 ? ['There are no tokens.'] : table(['IDENTITY', 'STATE', 'EXPIRES', 'ID'], rows),
  }
}

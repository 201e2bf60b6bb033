import type { AdminClient, IdentityView } from '@mayfly/issuer-daemon'
import { type Answer, table } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'

export interface IdentityListOptions extends AdminOptions {
  readonly suspended?: boolean
  readonly json?: boolean
}

/** What the issuer gives in one page. */
const pageSize = 1_000

/** `mayfly identity list` */
export async function identityList(options: IdentityListOptions, session: Session): Promise<Answer> {
  const identities = await readAll(await openAdmin(options, session), options.suspended === true)
  const rows = identities.map(({ name, state, profile, newest, names }) => [
    name,
    state,
    profile,
    newest === undefined ? '-' : String(newest.generation),
    newest?.notAfter ?? '-',
    names.join(' '),
  ])
  const header = ['IDENTITY', 'STATE', 'PROFILE', 'GENERATION', 'UNTIL', 'NAMES']
  return {
    json: { identities },
    lines: rows.length === 0 ? ['There are no identities.'] : table(header, rows),
  }
}

async function readAll(admin: AdminClient, onlySuspended: boolean): Promise<IdentityView[]> {
  const filter = onlySuspended ? { suspended: true } : {}
  const all: IdentityView[] = []
  for (;;) {
    const last = all.at(-1)
    const page = await admin.listIdentities({
      ...filter,
      limit: pageSize,
      ...(last !== undefined && { afterName: last.name }),
    })
    all.push(...page)
    if (page.length < pageSize) return all
  }
}

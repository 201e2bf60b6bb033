import type { ProfileName } from '@mayfly/ca-core'
import type { AdminClient, IdentityPageMessage, IdentityState, IdentityView } from '@mayfly/issuer-daemon'
import type { JsonOf } from '../../json/json-fields.ts'
import { growingTable } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import { readTime } from '../read-time.ts'
import type { Session } from '../session.ts'
import type { identityJson } from './identity-json.ts'

export interface IdentityListOptions extends AdminOptions {
  readonly state?: IdentityState
  readonly profile?: ProfileName
  readonly name?: string
  readonly due?: boolean
  readonly overdue?: boolean
  readonly seenBefore?: string
  readonly agentVersion?: string
  readonly bundleBehind?: boolean
  readonly json?: boolean
}

/** `mayfly identity list`: written page by page, so that a list of any length takes the same memory. */
export async function identityList(options: IdentityListOptions, session: Session): Promise<undefined> {
  const admin = await openAdmin(options, session)
  const pages = readPages(admin, filterOf(options, session))
  const write = (text: string): void => void process.stdout.write(text)
  if (session.json) await writeJson(pages, write)
  else await writeTable(pages, write)
}

function filterOf(options: IdentityListOptions, { clock }: Session): IdentityPageMessage {
  const { state, profile, name, due, overdue, seenBefore, agentVersion, bundleBehind } = options
  return {
    ...(state !== undefined && { state }),
    ...(profile !== undefined && { profile }),
    ...(name !== undefined && { name }),
    ...(due === true && { renewal: 'due' }),
    ...(overdue === true && { renewal: 'overdue' }),
    ...(seenBefore !== undefined && {
      seenBefore: Math.floor(readTime('--seen-before', seenBefore, clock.now())),
    }),
    ...(agentVersion !== undefined && { agentVersion }),
    ...(bundleBehind === true && { bundleBehind }),
  }
}

async function* readPages(
  admin: AdminClient,
  filter: IdentityPageMessage,
): AsyncGenerator<readonly IdentityView[]> {
  for (let after: string | undefined; ; ) {
    const { identities, next } = await admin.listIdentities({
      ...filter,
      ...(after !== undefined && { afterName: after }),
    })
    if (identities.length > 0) yield identities
    if (next === undefined) return
    after = next
  }
}

async function writeJson(
  pages: AsyncIterable<readonly IdentityView[]>,
  write: (text: string) => void,
): Promise<void> {
  let before = '{"identities":['
  for await (const page of pages) {
    const identities: readonly JsonOf<typeof identityJson>[] = page
    write(before + identities.map((identity) => JSON.stringify(identity)).join(','))
    before = ','
  }
  write(`${before === ',' ? '' : before}]}\n`)
}

async function writeTable(
  pages: AsyncIterable<readonly IdentityView[]>,
  write: (text: string) => void,
): Promise<void> {
  const lines = growingTable(['IDENTITY', 'STATE', 'PROFILE', 'UNTIL', 'SEEN', 'AGENT', 'BUNDLE', 'NAMES'])
  let isEmpty = true
  for await (const page of pages) {
    isEmpty = false
    write(`${lines(page.map(rowOf)).join('\n')}\n`)
  }
  if (isEmpty) write('There are no such identities.\n')
}

/** A line is to be read; the whole list is in `identity show`, and with `--json`. */
const namesInRowMax = 3

function someNames(names: readonly string[]): string {
  const more = names.length - namesInRowMax
  // One more would take no more room than what is said of it.
  if (more <= 1) return names.join(' ')
  return `${names.slice(0, namesInRowMax).join(' ')} and ${more} more`
}

function rowOf({ name, state, profile, newest, seen, names }: IdentityView): string[] {
  return [
    name,
    state,
    profile,
    newest?.notAfter ?? '-',
    seen?.at ?? '-',
    seen?.report?.version ?? '-',
    seen?.report === undefined ? '-' : String(seen.report.bundleSequence),
    someNames(names),
  ]
}

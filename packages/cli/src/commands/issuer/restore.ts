import { resolve } from 'node:path'
import { MayflyError } from '@mayfly/ca-core'
import {
  loadDumpCommand,
  type RestoredStore,
  readIssuerConfiguration,
  restoreStore,
  unstageCommand,
} from '@mayfly/issuer-daemon'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import type { Session } from '../session.ts'
import type { issuerRestoreJson } from './issuer-json.ts'

export interface IssuerRestoreOptions {
  readonly config: string
  readonly backup: string
  readonly acceptForgotten?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

/** `mayfly issuer restore` */
export async function issuerRestore(
  options: IssuerRestoreOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof issuerRestoreJson>>> {
  const store = await sqlitePath(options, session)
  const backup = resolve(options.backup)
  await requireFile(backup, session)
  if (options.yes !== true) await confirm(store, session)
  const restored = await restoreStore({
    backup,
    store,
    now: session.clock.now(),
    acceptForgotten: options.acceptForgotten === true,
    trace: { step: () => undefined },
  })
  return { json: restored, lines: describe(restored) }
}

/** The file of the store, from the configuration. @throws MayflyError `usage` where the store is PostgreSQL */
async function sqlitePath(
  { config, backup }: IssuerRestoreOptions,
  { fileSystem }: Session,
): Promise<string> {
  const { store } = await readIssuerConfiguration(fileSystem, config)
  if (store.kind === 'sqlite') return store.path
  throw new MayflyError(
    'usage',
    'The store is PostgreSQL, which has tools of its own. Stop every issuer on it, then restore what pg_dump made ' +
      `with: ${loadDumpCommand(store, resolve(backup))}; then, so that no key of the backup is certified a second time: ` +
      `${unstageCommand(store)}; afterwards suspend again who was suspended since, and revoke the open tokens`,
  )
}

/** Before anybody is asked whether it may take the store's place. */
async function requireFile(backup: string, { fileSystem }: Session): Promise<void> {
  const found = await fileSystem.status(backup)
  if (found === undefined) throw new MayflyError('file-missing', `There is no backup at ${backup}.`)
  if (found.type === 'directory') {
    throw new MayflyError(
      'usage',
      `${backup} is a folder; name the file that \`mayfly issuer backup\` wrote.`,
    )
  }
}

async function confirm(store: string, { terminal }: Session): Promise<void> {
  if (!terminal.interactive) {
    throw new MayflyError(
      'usage',
      `There is no terminal to ask on. To replace the store ${store} without a question: add --yes.`,
    )
  }
  const answer = await terminal.ask(`Replace the store ${store} by the backup? Type yes: `)
  if (answer.trim() !== 'yes') throw new MayflyError('cancelled', 'Cancelled; nothing was done.')
}

function describe(restored: RestoredStore): string[] {
  const { backupAt, replaced, replacedReadable, revokedTokens, unstagedKeys } = restored
  const { keptSuspended, endedLineages, changedIdentities, lostIdentities } = restored
  return [
    heading('The store was restored.'),
    ...columns([
      ['Backup of', backupAt],
      ...(replaced === undefined ? [] : [['Store before', replaced] as const]),
      ['Tokens revoked', String(revokedTokens)],
      ['Keys that their hosts ask for again', String(unstagedKeys)],
      ...keptSuspended.map((name) => ['Stays suspended', name] as const),
      ...endedLineages.map((name) => ['Its lineage has ended since; enrol its host', name] as const),
      ...changedIdentities.map((name) => ['Its names or profile were changed since', name] as const),
      ...lostIdentities.map((name) => ['Was added since, and is gone', name] as const),
    ]),
    '',
    ...(replacedReadable
      ? []
      : [
          'Nobody knows who was suspended since the backup, nor which intermediates were tainted. Suspend and taint them again.',
          '',
        ]),
    restored.acceptForgotten
      ? 'Hosts whose certificates are younger than the backup are taken up again when they ask.'
      : 'Hosts whose certificates are younger than the backup are refused, until you run `mayfly issuer accept-forgotten`.',
    'The issuer shows an alarm until you run `mayfly issuer acknowledge store-restored`.',
  ]
}

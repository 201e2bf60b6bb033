import { isAbsolute, resolve } from 'node:path'
import { MayflyError } from '@mayfly/ca-core'
import { backUpStore, dumpCommand, readIssuerConfiguration } from '@mayfly/issuer-daemon'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import type { Session } from '../session.ts'
import type { issuerBackupJson } from './issuer-json.ts'

export interface IssuerBackupOptions {
  readonly config: string
  readonly out: string
  readonly json?: boolean
}

/** `mayfly issuer backup` */
export async function issuerBackup(
  options: IssuerBackupOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof issuerBackupJson>>> {
  const store = await sqlitePath(options, session)
  const out = isAbsolute(options.out) ? options.out : resolve(options.out)
  const made = await backUpStore({ store, out, now: session.clock.now() })
  return {
    json: made,
    lines: [
      heading('The store was backed up.'),
      ...columns([
        ['File', made.path],
        ['At', made.at],
        ['Audit', `up to record ${made.auditNumber}`],
      ]),
      '',
      'It holds no keys. Keep it where only you can write: whoever can change it decides what a restore brings.',
    ],
  }
}

/** The file of the store, from the configuration. @throws MayflyError `usage` where the store is PostgreSQL */
async function sqlitePath({ config, out }: IssuerBackupOptions, { fileSystem }: Session): Promise<string> {
  const { store } = await readIssuerConfiguration(fileSystem, config)
  if (store.kind === 'sqlite') return store.path
  throw new MayflyError(
    'usage',
    `The store is PostgreSQL, which has tools of its own. Back it up with: ${dumpCommand(store, resolve(out))}`,
  )
}

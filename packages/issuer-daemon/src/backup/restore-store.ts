import { copyFileSync, existsSync, linkSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { formatInstant, type Instant, MayflyError, type Trace } from '@mayfly/ca-core'
import { acceptedHistoryNote, noteName } from '../alarms/kept-alarms.ts'
import { auditChainOrigin, verifyAuditChain } from '../audit/audit-chain.ts'
import type { AuditRecord } from '../audit/audit-record.ts'
import type { ChangePart } from '../store/change.ts'
import type { IdentityRecord } from '../store/identity-record.ts'
import {
  readIdentities,
  readTaints,
  requireIntegrity,
  requireOwnSchema,
} from '../store/sqlite/inspect-database.ts'
import { lockStore } from '../store/sqlite/lock-store.ts'
import { openSqliteStore } from '../store/sqlite/open-sqlite-store.ts'
import { realPath } from '../store/sqlite/real-path.ts'
import { storeError } from '../store/sqlite/store-error.ts'
import type { Store } from '../store/store.ts'
import type { Taint } from '../store/taint.ts'
import { carryOver } from './carry-over.ts'
import { createPrivate, giveToOwnerOfFolder, makeDurable } from './private-copy.ts'
import {
  type BackupNote,
  backupNote,
  forgottenAcceptedNote,
  type RestoredNote,
  restoredNote,
} from './restore-notes.ts'
import { unstageKeys } from './unstage-keys.ts'

/** Rows that are read at once. */
const pageSize = 1_000

export interface RestoreOptions {
  readonly backup: string
  /** The store's SQLite file; the issuer must not be running. */
  readonly store: string
  readonly now: Instant
  /** Lineages that the backup does not know are taken up again when they ask. */
  readonly acceptForgotten: boolean
  /** Is told of each step. A crash after any of them leaves the store before, or the restored one, whole. */
  readonly trace: Trace
}

export interface RestoredStore {
  readonly backupAt: string
  readonly restoredAt: string
  /** Where the store that was there before is now. */
  readonly replaced?: string
  /** Whether that could be read; if not, nobody knows who was suspended since the backup. */
  readonly replacedReadable: boolean
  /** Identities that were suspended since, and stay so. */
  readonly keptSuspended: readonly string[]
  /** Identities whose lineage in the backup has ended since, and stays so. */
  readonly endedLineages: readonly string[]
  /** Identities whose names or profile were others, and are again what the backup says. */
  readonly changedIdentities: readonly string[]
  /** Identities that were added since, and are gone. */
  readonly lostIdentities: readonly string[]
  /** Tokens of before the backup that nobody can say of whether they were used since. */
  readonly revokedTokens: number
  /** Keys that waited for their certificates, and are certified only when their hosts ask for them again. */
  readonly unstagedKeys: number
  readonly acceptForgotten: boolean
}

/**
 * Puts a backup in the place of the store. Everything is prepared beside it; one rename exchanges them, so that a
 * crash leaves the one or the other. The store that was there is kept.
 *
 * What happened after the backup is unknown to it. So whoever the replaced store says is suspended stays suspended,
 * a lineage stands where it says, or has ended; what is tainted stays tainted, no key is certified that its host does not
 * ask for again, every open token is revoked, and an alarm stays until an operator has read it.
 *
 * @throws MayflyError `already-running`, `file-missing`, `store-invalid`, `store-unavailable`
 */
export async function restoreStore(options: RestoreOptions): Promise<RestoredStore> {
  const { backup, trace } = options
  const store = realPath(options.store)
  if (!existsSync(backup)) throw new MayflyError('file-missing', `There is no backup at ${backup}.`)
  const lock = await lockStore(store)
  const prepared = `${store}.restoring`
  const clear = (): void => {
    for (const suffix of ['', ...journalSuffixes, '.lock']) rmSync(`${prepared}${suffix}`, { force: true })
  }
  try {
    clear()
    undoExchange(store)
    createPrivate(prepared)
    copyFileSync(backup, prepared)
    trace.step('restore.copied')
    const before = existsSync(store) ? readIdentities(store) : undefined
    const taints = existsSync(store) ? readTaints(store) : []
    const restored = await prepare(prepared, before, taints, options)
    giveToOwnerOfFolder(prepared)
    makeDurable(prepared)
    trace.step('restore.prepared')
    const replaced = exchange(prepared, store, options)
    trace.step('restore.exchanged')
    return { ...restored, ...(replaced !== undefined && { replaced }) }
  } catch (error) {
    throw storeError(error, store)
  } finally {
    clear()
    lock.release()
  }
}

/** The identities of the store that is to be replaced, by name; `undefined` where it cannot be read. */
type Replaced = ReadonlyMap<string, IdentityRecord>

async function prepare(
  path: string,
  replaced: Replaced | undefined,
  taints: readonly Taint[],
  { backup, now, acceptForgotten }: RestoreOptions,
): Promise<Omit<RestoredStore, 'replaced'>> {
  requireIntegrity(path, backup)
  requireOwnSchema(path, backup)
  const store = await openSqliteStore({ path })
  try {
    await requireChain(store, path)
    const backupAt = await backupTime(store)
    const restoredAt = formatInstant(now)
    const unstagedKeys = await unstageKeys(store, now)
    const identities = await readAll((afterName) => store.identities({ afterName, limit: pageSize }))
    const carried = identities.map((identity) => {
      const { name } = identity
      return { name, ...carryOver(identity, replaced?.get(name)) }
    })
    const known = new Set(identities.map(({ name }) => name))
    const lostIdentities = [...(replaced?.keys() ?? [])].filter((name) => !known.has(name))
    const open = await openTokens(store, now)
    const summary = {
      backupAt,
      restoredAt,
      replacedReadable: replaced !== undefined,
      keptSuspended: namesOf(carried.filter(({ suspended }) => suspended)),
      endedLineages: namesOf(carried.filter(({ lineageEnded }) => lineageEnded)),
      changedIdentities: namesOf(carried.filter(({ changed }) => changed)),
      lostIdentities,
      revokedTokens: open.length,
      unstagedKeys,
      acceptForgotten,
    }
    await store.commit([
      {
        at: now,
        parts: [
          ...carried.flatMap(({ next }): ChangePart[] =>
            next === undefined ? [] : [{ do: 'move-identity', next }],
          ),
          // Whoever has the key has it still.
          ...taints.map((taint): ChangePart => ({ do: 'taint', ...taint })),
          ...open.map((jti): ChangePart => ({ do: 'revoke-token', jti, at: now })),
          ...notes(summary, now),
          { do: 'append-audit', record: recordOf(summary, now) },
        ],
      },
    ])
    return summary
  } finally {
    await store.close()
  }
}

async function requireChain(store: Store, path: string): Promise<void> {
  let last = auditChainOrigin
  for (let first = true; ; first = false) {
    const page = await store.auditRecords({ afterNumber: last.number, limit: pageSize })
    const [anchor] = page
    if (first && anchor?.text === '') last = anchor
    const verdict = verifyAuditChain(
      last,
      page.filter(({ number }) => number > last.number),
    )
    if (!verdict.intact) {
      throw new MayflyError(
        'store-invalid',
        `The audit in the backup is broken at record ${verdict.brokenAt}.`,
        {
          details: { path },
        },
      )
    }
    last = verdict.last
    if (page.length < pageSize) return
  }
}

async function backupTime(store: Store): Promise<string> {
  const text = await store.note(backupNote)
  if (text !== undefined) return (JSON.parse(text) as BackupNote).at
  throw new MayflyError('store-invalid', 'This is no backup that `mayfly issuer backup` has made.')
}

async function openTokens(store: Store, now: Instant): Promise<string[]> {
  const open: string[] = []
  for (let before: { createdAt: Instant; jti: string } | undefined; ; ) {
    const page = await store.tokens({ limit: pageSize, ...(before && { before }) })
    for (const { jti, expiresAt, revokedAt, use } of page) {
      if (expiresAt > now && revokedAt === undefined && use === undefined) open.push(jti)
    }
    before = page.at(-1)
    if (before === undefined || page.length < pageSize) return open
  }
}

async function readAll(
  read: (afterName: string) => Promise<readonly IdentityRecord[]>,
): Promise<IdentityRecord[]> {
  const all: IdentityRecord[] = []
  for (;;) {
    const page = await read(all.at(-1)?.name ?? '')
    all.push(...page)
    if (page.length < pageSize) return all
  }
}

function namesOf(identities: readonly { readonly name: string }[]): string[] {
  return identities.map(({ name }) => name)
}

function notes(summary: Omit<RestoredStore, 'replaced'>, now: Instant): ChangePart[] {
  const { backupAt, restoredAt, acceptForgotten } = summary
  const alarm = { because: 'store-restored', message: messageOf(summary), since: restoredAt }
  return [
    { do: 'set-note', name: backupNote },
    {
      do: 'set-note',
      name: restoredNote,
      text: JSON.stringify({ backupAt, restoredAt } satisfies RestoredNote),
    },
    { do: 'set-note', name: noteName('store-restored'), text: JSON.stringify(alarm) },
    // Hosts hold later ends of the history than the backup has; that is explained by this.
    { do: 'set-note', name: acceptedHistoryNote, text: String(now) },
    { do: 'set-note', name: forgottenAcceptedNote, ...(acceptForgotten && { text: restoredAt }) },
  ]
}

function messageOf({
  backupAt,
  restoredAt,
  replacedReadable,
  keptSuspended,
  changedIdentities,
  lostIdentities,
}: Omit<RestoredStore, 'replaced'>): string {
  const suspensions = replacedReadable
    ? `identities that were suspended since, and stay so: ${keptSuspended.length}; added since, and gone: ${lostIdentities.length}; ` +
      `with their names and profile of before again: ${changedIdentities.length}`
    : 'who was suspended since, and which intermediates were tainted, is unknown: suspend and taint them again'
  return (
    `The store was restored at ${restoredAt} from a backup of ${backupAt}. It knows nothing of what was issued, ` +
    `revoked or changed in between; ${suspensions}; open tokens were revoked.`
  )
}

function recordOf(summary: Omit<RestoredStore, 'replaced'>, at: Instant): AuditRecord {
  return {
    at,
    requestId: `restore-${at}`,
    action: 'store.restore',
    actor: { kind: 'admin' },
    outcome: 'done',
    details: { ...summary },
  }
}

const journalSuffixes = ['-wal', '-shm']

/** Gives where the store before is kept. */
function exchange(
  prepared: string,
  store: string,
  { now, trace }: Pick<RestoreOptions, 'now' | 'trace'>,
): string | undefined {
  let replaced: string | undefined
  if (existsSync(store)) {
    replaced = `${store}${replacedMark}${formatInstant(now).replace(/[:.]/g, '-')}`
    linkSync(store, replaced)
    trace.step('restore.linked')
    // What is left of a journal belongs to the file before, and would damage the new one.
    moveJournal(store, replaced)
    trace.step('restore.journal-moved')
  }
  renameSync(prepared, store)
  makeDurable(store)
  return replaced
}

const replacedMark = '.replaced-'

/** An exchange that a crash cut short left the store under two names: the second one goes, its journal comes back. */
function undoExchange(store: string): void {
  if (!existsSync(store)) return
  const { ino, dev } = statSync(store)
  const folder = dirname(store)
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (!path.startsWith(`${store}${replacedMark}`)) continue
    // A journal of the list may have come back already.
    const status = statSync(path, { throwIfNoEntry: false })
    if (status?.ino !== ino || status.dev !== dev) continue
    moveJournal(path, store)
    rmSync(path)
  }
}

function moveJournal(from: string, to: string): void {
  for (const suffix of journalSuffixes) {
    if (existsSync(`${from}${suffix}`)) renameSync(`${from}${suffix}`, `${to}${suffix}`)
  }
}

import { formatInstant, type Instant } from '@mayfly/ca-core'
import { compareHead } from '../audit/compare-head.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { MarkedEnd } from './history-mark.ts'
import { type RestoredNote, restoredNote } from './restore-notes.ts'
import { takeForBackup } from './take-for-backup.ts'

type WatchPorts = Pick<IssuerPorts, 'store' | 'clock' | 'historyMark'>

/** Notices that another, older store has come into the place of the one that this host knew. */
export interface HistoryWatch {
  /** Before anything is minted. Throws what the store and the file system throw. */
  compare(): Promise<void>
  /** Compares, so that no older end takes the place of the newest unnoticed; then marks the end as it is now. */
  mark(): Promise<void>
}

/**
 * A dump that was loaded back, a standby that lagged and took over, a file that was copied over: none of them says so
 * itself. But the issuer has marked in its state folder, seconds after each change, how far the history went. Where
 * the store does not have that record it is taken for a backup: the alarm of a restore, and no key that waits in it is
 * minted ahead.
 */
export function watchHistory(ports: WatchPorts): HistoryWatch {
  const { store, clock, historyMark } = ports
  if (historyMark === undefined) return { compare: async () => undefined, mark: async () => undefined }
  let marked: { readonly end: MarkedEnd | undefined } | undefined
  // A file that cannot be read is read again the next time: somebody may have mended it.
  const last = async (): Promise<MarkedEnd | undefined> => {
    marked ??= { end: await historyMark.read() }
    return marked.end
  }
  const writeMark = async (): Promise<void> => {
    const { number, hash } = await store.auditEnd()
    if (number === 0 || (await last())?.number === number) return
    const end = { number, hash: Buffer.from(hash).toString('hex'), at: Math.floor(clock.now()) }
    await historyMark.write(end)
    marked = { end }
  }
  const compare = async (): Promise<void> => {
    const known = await last()
    if (known === undefined || (await holds(known, ports))) return
    await noticeOlder(known, ports)
    await writeMark()
  }
  // A sweep and a change ask at the same time: one alarm, and one who writes the file.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = turn.then(work)
    turn = done.catch(() => undefined)
    return done
  }
  return {
    compare: () => inTurn(compare),
    mark: () =>
      inTurn(async () => {
        await compare()
        await writeMark()
      }),
  }
}

async function holds(known: MarkedEnd, { store, clock }: WatchPorts): Promise<boolean> {
  const [found] = await store.auditRecords({ afterNumber: known.number - 1, limit: 1 })
  return compareHead(known, { ...(found && { found }) }, clock.now()).holds !== false
}

async function noticeOlder(known: MarkedEnd, ports: WatchPorts): Promise<void> {
  const { store } = ports
  if (await isNoticed(known.at, store)) return
  const newest = await store.newestInstant()
  const backupAt = formatInstant(newest ?? 0)
  const what = newest === undefined ? 'knows nothing at all' : `knows nothing of what came after ${backupAt}`
  const message =
    `The store does not have record ${known.number} of its audit, which this issuer saw there at ` +
    `${formatInstant(known.at)}: an older one, or another, was put in its place. It ${what}: suspend again who was ` +
    'suspended since, and revoke the tokens of before.'
  await takeForBackup({ backupAt, message }, ports)
}

/** By `mayfly issuer restore`, or by another issuer on the same store. */
async function isNoticed(markedAt: Instant, store: WatchPorts['store']): Promise<boolean> {
  const text = await store.note(restoredNote)
  if (text === undefined) return false
  return Date.parse((JSON.parse(text) as RestoredNote).restoredAt) >= markedAt
}

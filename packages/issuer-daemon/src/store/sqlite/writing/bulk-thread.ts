import type { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { ChangeOutcome } from '../../change.ts'
import { bulkConnection, connect } from '../connect.ts'
import { openTables } from '../open-tables.ts'
import { transact } from '../transaction.ts'
import type { BulkAnswer, BulkFailure, BulkOrder, BulkReport } from './bulk-order.ts'
import { type PackedChanges, unpackChanges } from './packed-changes.ts'

/** So long after its last transaction it takes into the file what is in the log, if that is not due before. */
const quietMs = 250

/** The thread of a `BulkWriter`: `workerData` is the path of the database. */
function serve(port: NonNullable<typeof parentPort>, path: string): void {
  const database = connect(path, bulkConnection)
  const tables = openTables(database)
  const report = (what: BulkReport): void => port.postMessage(what)

  const answer = (changes: PackedChanges): BulkAnswer => {
    try {
      return { done: true, refused: refusedOf(transact(database, tables, unpackChanges(changes))) }
    } catch (error) {
      return { done: false, error: failureOf(error) }
    }
  }

  let tidying: NodeJS.Timeout | undefined
  // Once the answer is on its way: nobody waits for it.
  const tidy = (): void => {
    checkpoint(database)
    report({ done: 'checkpoint' })
  }
  port.on('message', (order: BulkOrder) => {
    clearTimeout(tidying)
    if (order.do === 'close') {
      database.close()
      port.close()
      return
    }
    report(answer(order.changes))
    if (order.thenCheckpoint) tidy()
    else tidying = setTimeout(tidy, quietMs)
  })
}

function refusedOf(outcomes: readonly ChangeOutcome[]): Extract<BulkAnswer, { done: true }>['refused'] {
  return outcomes.flatMap((outcome, place) => (outcome.done ? [] : [[place, outcome.refused] as const]))
}

/** Nobody waits for it, and where it cannot be done now, a later commit does it. */
function checkpoint(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA wal_checkpoint(PASSIVE)')
  } catch {
    return
  }
}

function failureOf(error: unknown): BulkFailure {
  if (!(error instanceof Error)) return { message: String(error) }
  const { message, code, errcode, syscall } = error as Error & BulkFailure
  return {
    message,
    ...(code !== undefined && { code }),
    ...(errcode !== undefined && { errcode }),
    ...(syscall !== undefined && { syscall }),
  }
}

if (parentPort !== null) serve(parentPort, workerData as string)

import type { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { BulkAnswer, BulkFailure, BulkOrder } from './bulk-order.ts'
import { bulkConnection, connect } from './connect.ts'
import { openTables } from './open-tables.ts'
import { transact } from './transaction.ts'

/** So long after its last transaction it takes into the file what is in the log, before a request has to. */
const quietMs = 250

/** The thread of a `BulkWriter`: `workerData` is the path of the database. */
function serve(port: NonNullable<typeof parentPort>, path: string): void {
  const database = connect(path, bulkConnection)
  const tables = openTables(database)

  const answer = (changes: Extract<BulkOrder, { do: 'transact' }>['changes']): BulkAnswer => {
    try {
      return { done: true, outcomes: transact(database, tables, changes) }
    } catch (error) {
      return { done: false, error: failureOf(error) }
    }
  }

  let tidying: NodeJS.Timeout | undefined
  port.on('message', (order: BulkOrder) => {
    clearTimeout(tidying)
    if (order.do === 'close') {
      database.close()
      port.close()
      return
    }
    port.postMessage(answer(order.changes))
    tidying = setTimeout(() => checkpoint(database), quietMs)
  })
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

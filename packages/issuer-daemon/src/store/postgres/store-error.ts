import { isMayflyError, MayflyError, secondMs } from '@mayfly/ca-core'

/** SQLSTATE (PostgreSQL, appendix A) of what another attempt, perhaps on another member, can mend. */
const passingStates: ReadonlySet<string> = new Set([
  '25006', // read_only_sql_transaction: a member that was demoted
  '25P03', // idle_in_transaction_session_timeout: this process was stopped for a while
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
])
/** Class 08: connection exceptions. */
const connectionClass = '08'
/** XX001 data_corrupted, XX002 index_corrupted. */
const corruptStates: ReadonlySet<string> = new Set(['XX001', 'XX002'])
/** Classes 22, 23 and 42, and a wrong cast: the statement is at fault, not the world. */
const ownFaults = /^(?:22|23|42(?!501))/

/** What Node says of a connection that is gone, or never came about. */
const socketErrors: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

/** What pg itself says, in words only. */
const driverMessages =
  /^(?:Connection terminated|Query read timeout|timeout e|Client (?:has encountered|was closed))/

/** A member of the cluster that follows another one, and takes no writes. */
export class StandbyFound extends Error {
  override readonly name = 'StandbyFound'
}

/** No answer came for as long as a caller waits. */
export class DatabaseSilent extends Error {
  override readonly name = 'DatabaseSilent'

  constructor(waitedMs: number) {
    super(
      `it has not answered for ${waitedMs / secondMs} s; look whether it is stopped, or the network in between`,
    )
  }
}

/** Whether the connection was lost, or the same may go well on another: then trying again makes sense. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof StandbyFound || error instanceof DatabaseSilent) return true
  if (driverMessages.test(error.message)) return true
  // Node tries all addresses of a name and gives all their errors.
  if (error instanceof AggregateError) return error.errors.some(isPassing)
  const code = codeOf(error)
  return code !== undefined && (isPassingState(code) || socketErrors.has(code))
}

function isPassingState(code: string): boolean {
  return passingStates.has(code) || (code.length === 5 && code.startsWith(connectionClass))
}

/** What PostgreSQL or its driver says, as Mayfly says it. What is no fault of the world passes unchanged. */
export function storeError(error: unknown, place: string): unknown {
  if (isMayflyError(error) || error instanceof TypeError) return error
  const code = codeOf(error)
  if (code !== undefined && ownFaults.test(code)) return error
  if (code !== undefined && corruptStates.has(code)) {
    return new MayflyError(
      'store-invalid',
      `the store ${place} is damaged: ${messageOf(error)}; restore a backup`,
      { details: { store: place }, cause: error },
    )
  }
  return new MayflyError(
    'store-unavailable',
    `the store ${place} cannot be reached or written: ${messageOf(error)}`,
    { details: { store: place }, cause: error },
  )
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}

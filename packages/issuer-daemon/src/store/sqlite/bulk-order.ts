import type { Change, ChangeOutcome } from '../change.ts'

/** What the bulk writer asks its thread for. */
export type BulkOrder =
  | { readonly do: 'transact'; readonly changes: readonly Change[] }
  | { readonly do: 'close' }

/** What it says to a `transact`. */
export type BulkAnswer =
  | { readonly done: true; readonly outcomes: readonly ChangeOutcome[] }
  | { readonly done: false; readonly error: BulkFailure }

/** An error of SQLite or Node, whose fields would not pass between threads by themselves. */
export interface BulkFailure {
  readonly message: string
  readonly code?: string
  readonly errcode?: number
  readonly syscall?: string
}

import type { ChangeRefusal } from '../../change.ts'
import type { PackedChanges } from './packed-changes.ts'

/** What the bulk writer asks its thread for. */
export type BulkOrder =
  | {
      readonly do: 'transact'
      readonly changes: PackedChanges
      /** Once it is answered, the log is taken into the file, and told of when that is done. */
      readonly thenCheckpoint: boolean
    }
  | { readonly do: 'close' }

/** What it says to a `transact`. */
export type BulkAnswer =
  /** Those of the changes that were refused, by their places; the others are done. */
  | { readonly done: true; readonly refused: readonly (readonly [number, ChangeRefusal])[] }
  | { readonly done: false; readonly error: BulkFailure }

/** That, and without being asked that what was written is in the file. */
export type BulkReport = BulkAnswer | { readonly done: 'checkpoint' }

/** An error of SQLite or Node, whose fields would not pass between threads by themselves. */
export interface BulkFailure {
  readonly message: string
  readonly code?: string
  readonly errcode?: number
  readonly syscall?: string
}

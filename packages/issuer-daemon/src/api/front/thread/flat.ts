import type { PackedError } from './packed-error.ts'

/** Several of a kind one behind the other: a text, a number or nothing in each place. Objects would be taken apart one by one. */
export type Flat = readonly FlatValue[]

export type FlatValue = string | number | null | PackedError | Readonly<Record<string, string>>

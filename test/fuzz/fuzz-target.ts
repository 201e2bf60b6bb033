import { type ErrorCode, isMayflyError } from '@mayfly/ca-core'
import type { CorpusKind } from './corpus.ts'
import type { FuzzDice } from './fuzz-dice.ts'

/** A reader of something that comes from outside, and what must hold of it whatever it is given. */
export interface FuzzTarget {
  readonly name: string
  /** What its inputs are mutations of. */
  readonly corpus: CorpusKind
  readonly mutate: Mutation
  /** Throws a `FuzzFinding` where a promise is broken. */
  read(input: Uint8Array): Promise<void>
  /** Ends what reading needed. */
  close?(): Promise<void>
}

/** Another input, made of one sample or of two. */
export type Mutation = (sample: Uint8Array, other: Uint8Array, dice: FuzzDice) => Uint8Array

/** A broken promise; anything else that is thrown is a mistake of the fuzzer. */
export class FuzzFinding extends Error {
  override readonly name = 'FuzzFinding'
}

/** What `read` gives, or `undefined` where it refuses with one of the codes that it documents. */
export async function readOrRefused<Value>(
  read: () => Value | Promise<Value>,
  codes: readonly ErrorCode[],
): Promise<Value | undefined> {
  try {
    return await read()
  } catch (error) {
    if (codes.some((code) => isMayflyError(error, code))) return undefined
    throw new FuzzFinding(`threw what it does not document: ${describe(error)}`, { cause: error })
  }
}

/** Holds two readings of one input against each other. */
export function requireSame(what: string, ours: unknown, theirs: unknown): void {
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return
  throw new FuzzFinding(`two readings of ${what}: ${JSON.stringify(ours)} and ${JSON.stringify(theirs)}`)
}

/** The value of `read`, or `undefined` where that other reader refuses: it may be stricter or know less. */
export function otherReading<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function describe(error: unknown): string {
  return isMayflyError(error) ? `${error.code}: ${error.message}` : String(error)
}

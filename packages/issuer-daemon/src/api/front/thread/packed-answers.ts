import type { AnsweredRequest } from '../../answered-request.ts'
import type { Sent, Told } from '../../arrival.ts'
import { callerIn } from '../../core/passage.ts'
import type { Flat, FlatValue } from './flat.ts'
import { type PackedError, packError, unpackError } from './packed-error.ts'

/** What is told of the request with a number. */
export interface NumberedTold {
  readonly number: number
  readonly told: Told
}

/** How the request with a number ended. */
export interface NumberedEnd {
  readonly number: number
  /** Absent where nobody was left to take an answer. */
  readonly sent?: Sent
}

/** Places that one of them takes. */
export const toldPlaces = 5
const endPlaces = 4
const provedFlag = 1
const failedEnrolmentFlag = 2

/** Adds what is told to `flat`. */
export function packTold(flat: FlatValue[], { number, told }: NumberedTold): void {
  const { status, headers, body, isProved, isFailedEnrolment } = told
  const flags = (isProved ? provedFlag : 0) + (isFailedEnrolment ? failedEnrolmentFlag : 0)
  flat.push(number, status, headers, body ?? null, flags)
}

export function unpackTold(flat: Flat): NumberedTold[] {
  const all: NumberedTold[] = []
  for (let at = 0; at < flat.length; at += toldPlaces) {
    const body = flat[at + 3] as string | null
    const flags = flat[at + 4] as number
    const told: Told = {
      status: flat[at + 1] as number,
      headers: flat[at + 2] as Told['headers'],
      ...(body !== null && { body }),
      isProved: (flags & provedFlag) !== 0,
      isFailedEnrolment: (flags & failedEnrolmentFlag) !== 0,
    }
    all.push({ number: flat[at] as number, told })
  }
  return all
}

/** Adds an end to `flat`. */
export function packEnd(flat: FlatValue[], { number, sent }: NumberedEnd): void {
  flat.push(number, sent?.method ?? null, sent?.status ?? 0, sent?.durationMs ?? 0)
}

export function unpackEnds(flat: Flat): NumberedEnd[] {
  const all: NumberedEnd[] = []
  for (let at = 0; at < flat.length; at += endPlaces) {
    const number = flat[at] as number
    const method = flat[at + 1] as string | null
    const [status, durationMs] = [flat[at + 2] as number, flat[at + 3] as number]
    all.push(method === null ? { number } : { number, sent: { method, status, durationMs } })
  }
  return all
}

/** An answer that the front gave alone: nobody had proved anything. */
export interface AnswerAlone {
  readonly requestId: string
  readonly address: string
  readonly relay?: string
  readonly action?: string
  readonly refusal?: PackedError
  readonly sent: Sent
}

export function packAlone({ passage, route, method, status, durationMs }: AnsweredRequest): AnswerAlone {
  const { requestId, refusal } = passage
  return {
    requestId,
    ...callerIn(passage),
    ...(route && { action: route.action }),
    ...(refusal && { refusal: packError(refusal) }),
    sent: { method, status, durationMs },
  }
}

export function unpackAlone(packed: AnswerAlone): AnsweredRequest {
  const { requestId, action, refusal, sent } = packed
  return {
    passage: {
      requestId,
      ...callerIn(packed),
      context: { kind: 'anonymous' },
      ...(refusal && { refusal: unpackError(refusal) }),
    },
    route: action === undefined ? undefined : { action },
    ...sent,
  }
}

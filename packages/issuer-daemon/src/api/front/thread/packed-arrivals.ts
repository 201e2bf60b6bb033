import type { Arrival } from '../../arrival.ts'
import type { ReceivedBody } from '../../request-body.ts'
import type { Flat, FlatValue } from './flat.ts'
import { type PackedError, packError, unpackError } from './packed-error.ts'

/** An arrival under the number by which the front knows it. */
export interface NumberedArrival {
  readonly number: number
  readonly arrival: Arrival
}

const placesEach = 11

/** Adds an arrival to `flat`. */
export function packArrival(flat: FlatValue[], { number, arrival }: NumberedArrival): void {
  const { route, requestId, receivedAt, address, relay, body, ifNoneMatch, refusal } = arrival
  flat.push(number, route, requestId, receivedAt, address, relay ?? null)
  flat.push(packParts(arrival))
  flat.push(body.received ? body.text : null, body.received ? null : body.because)
  flat.push(ifNoneMatch ?? null, refusal === undefined ? null : packError(refusal))
}

export function unpackArrivals(flat: Flat): NumberedArrival[] {
  const arrivals: NumberedArrival[] = []
  for (let at = 0; at < flat.length; at += placesEach) arrivals.push(unpackArrival(flat, at))
  return arrivals
}

function unpackArrival(flat: Flat, at: number): NumberedArrival {
  const relay = flat[at + 5] as string | null
  const ifNoneMatch = flat[at + 9] as string | null
  const refusal = flat[at + 10] as PackedError | null
  return {
    number: flat[at] as number,
    arrival: {
      route: flat[at + 1] as number,
      requestId: flat[at + 2] as string,
      receivedAt: flat[at + 3] as number,
      address: flat[at + 4] as string,
      ...(relay !== null && { relay }),
      ...unpackParts(flat[at + 6] as string | null),
      body: unpackBody(flat[at + 7] as string | null, flat[at + 8] as string | null),
      ...(ifNoneMatch !== null && { ifNoneMatch }),
      ...(refusal !== null && { refusal: unpackError(refusal) }),
    },
  }
}

function unpackBody(text: string | null, because: string | null): ReceivedBody {
  return text === null ? { received: false, because: because ?? '' } : { received: true, text }
}

type Parts = Pick<Arrival, 'params' | 'query'>

/** Of the two most requests have neither. */
function packParts({ params, query }: Parts): string | null {
  return isEmpty(params) && isEmpty(query) ? null : JSON.stringify([params, query])
}

function unpackParts(packed: string | null): Parts {
  const [params, query] = packed === null ? [{}, {}] : JSON.parse(packed)
  return { params, query }
}

function isEmpty(fields: unknown): boolean {
  for (const _ in fields as object) return false
  return true
}

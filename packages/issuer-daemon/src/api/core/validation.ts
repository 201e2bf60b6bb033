import { parseMessage } from '@mayfly/ca-core'
import type { RawInput, Route } from '../route.ts'

/** Gives what the route's schema makes of the input. Throws `request-invalid` with the places that are wrong. */
export function validateInput(route: Route, raw: RawInput): unknown {
  return route.schema === undefined
    ? undefined
    : parseMessage(route.schema, raw, 'request-invalid', 'the request')
}

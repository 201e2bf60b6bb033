import type { Setback } from '@mayfly/agent'
import { formatInstant } from '@mayfly/ca-core'
import type { JsonOf } from '../../json/json-fields.ts'
import type { setbackJson } from './agent-json.ts'

/** What has failed, with its times as every other output has them. */
export function setbackToJson({ since, at, retryAt, ...rest }: Setback): JsonOf<typeof setbackJson> {
  return { ...rest, since: formatInstant(since), at: formatInstant(at), retryAt: formatInstant(retryAt) }
}

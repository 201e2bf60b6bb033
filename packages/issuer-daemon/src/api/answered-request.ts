import type { Passage } from './core/passage.ts'
import type { RouteFace } from './route.ts'

/** An answer that was sent, for the log and the metrics. */
export interface AnsweredRequest {
  readonly passage: Pick<Passage, 'requestId' | 'address' | 'relay' | 'context' | 'refusal'>
  /** Absent for what is no route. */
  readonly route: Pick<RouteFace, 'action'> | undefined
  readonly method: string
  readonly status: number
  readonly durationMs: number
}

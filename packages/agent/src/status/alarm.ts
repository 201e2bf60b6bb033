import type { ErrorCode, Instant } from '@mayfly/ca-core'

export const statusLevels = ['ok', 'warning', 'critical'] as const
export type StatusLevel = (typeof statusLevels)[number]

/** Something that a person should know; each is a paragraph of `docs/operations.md`. */
export interface Alarm {
  readonly level: Exclude<StatusLevel, 'ok'>
  readonly code: ErrorCode
  /** What is wrong, and what to do. */
  readonly message: string
  readonly since?: Instant
}

export function worstLevel(alarms: readonly Alarm[]): StatusLevel {
  if (alarms.some(({ level }) => level === 'critical')) return 'critical'
  return alarms.length > 0 ? 'warning' : 'ok'
}

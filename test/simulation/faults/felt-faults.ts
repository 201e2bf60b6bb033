import type { StoryReport } from '../stories/run-story.ts'

/** What must have been seen in a run of many seeds for it to count: a simulation without faults proves nothing. */
export const faultsToFeel = [
  'agent killed',
  'host lost power',
  'host asleep',
  'host unreachable',
  'issuer unreachable',
  'issuer killed after request.accepted',
  'issuer killed after intent.recorded',
  'issuer killed after signed',
  'issuer killed after certificate.recorded',
  'issuer killed after sweep.started',
  "issuer's disk full",
  'serial burnt',
  'site without power',
  'message lost',
  'message late',
  'message doubled',
  'answer lost',
  'answer garbled',
  'clock jumped',
  'disk full',
  'setback: disk-full',
  'reload failed',
  'reload ignored',
  'server down in a rotation',
  'probe saw another certificate',
  'server started on its certificate of before',
  'look saw another certificate',
  'TLS handshake done',
  // The guard of the main promise is no empty word: some ports did show an expired certificate.
  'minute with an expired certificate, issuer out of reach',
] as const

/** A single seed must have felt these at least. */
export const faultsToFeelEach = [
  'agent killed',
  'host lost power',
  'message doubled',
  'clock jumped',
  'disk full',
] as const

/** What of `wanted` none of the reports has seen. */
export function notFelt(wanted: readonly string[], reports: readonly StoryReport[]): string[] {
  return wanted.filter((name) => !reports.some(({ evidence }) => (evidence[name] ?? 0) > 0))
}

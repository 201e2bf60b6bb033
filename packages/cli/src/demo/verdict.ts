import type { Attempt } from './attempts/forbidden-attempts.ts'
import { type FleetView, rotationsMissed, rotationsSeen } from './fleet/fleet-view.ts'

/** The demo's promise for each host. */
export const rotationsWanted = 3

/** What went wrong, a sentence each; empty where everything held. */
export function judgeDemo(fleet: FleetView, attempts: readonly Attempt[]): string[] {
  return [
    ...fleet.hosts.flatMap(judgeHost),
    ...attempts.filter((attempt) => !attempt.refused).map(notRefused),
  ]
}

function judgeHost(host: FleetView['hosts'][number]): string[] {
  const complaints: string[] = []
  const rotations = rotationsSeen(host)
  if (rotations < rotationsWanted) complaints.push(`${host.host} rotated only ${rotations} times`)
  const missed = rotationsMissed(host)
  if (missed > 0) complaints.push(`${host.host}: ${missed} generations were installed and never seen live`)
  if (host.failures > 0) complaints.push(`${host.host}: ${host.failures} of ${host.calls} calls failed`)
  return complaints
}

function notRefused({ what, how }: Attempt): string {
  return `not refused: ${what} (${how})`
}

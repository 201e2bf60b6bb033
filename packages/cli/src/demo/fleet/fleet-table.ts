import type { Instant } from '@mayfly/ca-core'
import { type FleetView, type HostView, rotationsSeen } from './fleet-view.ts'

const columns = [
  { title: 'host', width: 10 },
  { title: 'generation', width: 10 },
  { title: 'serial', width: 12 },
  { title: 'expires in', width: 10 },
  { title: 'last rotation', width: 13 },
  { title: 'rotations', width: 9 },
  { title: 'calls', width: 8 },
  { title: 'failures', width: 8 },
] as const

/** The fleet as the lines of a table, the heading first; plain text without colour. */
export function renderFleet(fleet: FleetView, now: Instant): string[] {
  return [line(columns.map((column) => column.title)), ...fleet.hosts.map((host) => line(cells(host, now)))]
}

/** One host's rotation as a line of its own, for pipes. */
export function renderRotation(host: HostView): string {
  const serial = host.seen.at(-1) ?? 'none'
  return `${host.host}: generation ${host.generation}, serial ${serial} seen in a handshake, rotation ${rotationsSeen(host)}, ${host.calls} calls, ${host.failures} failures`
}

function cells(host: HostView, now: Instant): string[] {
  return [
    host.host,
    String(host.generation).padStart(4, '0'),
    host.seen.at(-1)?.slice(0, 12) ?? '',
    host.notAfter === undefined ? '' : `${Math.round((host.notAfter - now) / 1000)} s`,
    host.lastRotationAt === undefined ? '' : `${Math.round((now - host.lastRotationAt) / 1000)} s ago`,
    String(rotationsSeen(host)),
    String(host.calls),
    String(host.failures),
  ]
}

function line(texts: readonly string[]): string {
  return texts.map((text, index) => text.padEnd(columns[index]?.width ?? 0)).join('  ')
}

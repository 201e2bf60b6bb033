import type { Instant } from '@mayfly/ca-core'

/** What one of the demo's processes saw, as a line of JSON on its standard output. */
export type Sighting =
  | { readonly type: 'calls'; readonly host: string; readonly calls: number; readonly failures: number }
  | { readonly type: 'failure'; readonly host: string; readonly reason: string }
  | {
      readonly type: 'serial'
      readonly host: string
      readonly serial: string
      readonly notAfter: Instant
    }

/** What the demo knows of one host. */
export interface HostView {
  readonly host: string
  /** The generation that the live link points to. */
  readonly generation: number
  /** Serials of the generations installed so far, oldest first. */
  readonly installed: readonly string[]
  /** Serials that a peer saw in a handshake, in the order of their first sight. */
  readonly seen: readonly string[]
  readonly notAfter: Instant | undefined
  readonly lastRotationAt: Instant | undefined
  readonly calls: number
  readonly failures: number
}

export interface FleetView {
  readonly hosts: readonly HostView[]
  /** The first few failures in words. */
  readonly reasons: readonly string[]
}

/** As many reasons as a person reads; the counts are always complete. */
const reasonsMax = 10

export function emptyFleet(hosts: readonly string[]): FleetView {
  return {
    hosts: hosts.map((host) => ({
      host,
      generation: 0,
      installed: [],
      seen: [],
      notAfter: undefined,
      lastRotationAt: undefined,
      calls: 0,
      failures: 0,
    })),
    reasons: [],
  }
}

/** The fleet after a peer of a host told what it saw. */
export function withSighting(fleet: FleetView, sighting: Sighting, now: Instant): FleetView {
  if (sighting.type === 'failure') {
    const reasons = [...fleet.reasons, `${sighting.host}: ${sighting.reason}`].slice(0, reasonsMax)
    return { ...fleet, reasons }
  }
  return withHost(fleet, sighting.host, (host) => {
    if (sighting.type === 'calls') {
      return { ...host, calls: sighting.calls, failures: sighting.failures }
    }
    if (host.seen.includes(sighting.serial)) return host
    return {
      ...host,
      seen: [...host.seen, sighting.serial],
      notAfter: sighting.notAfter,
      lastRotationAt: now,
    }
  })
}

/** The fleet after the live link of a host was found to point to a generation. */
export function withInstalled(
  fleet: FleetView,
  name: string,
  found: { readonly generation: number; readonly serial: string },
): FleetView {
  return withHost(fleet, name, (host) =>
    host.installed.includes(found.serial)
      ? host
      : { ...host, generation: found.generation, installed: [...host.installed, found.serial] },
  )
}

/** Rotations of the host that a peer saw in a handshake: new serials after the first. */
export function rotationsSeen(host: HostView): number {
  return Math.max(0, host.installed.filter((serial) => host.seen.includes(serial)).length - 1)
}

/** Generations that were installed and then replaced without any peer having seen them. */
export function rotationsMissed(host: HostView): number {
  return host.installed.filter((serial) => !host.seen.includes(serial)).length
}

function withHost(fleet: FleetView, name: string, change: (host: HostView) => HostView): FleetView {
  return { ...fleet, hosts: fleet.hosts.map((host) => (host.host === name ? change(host) : host)) }
}

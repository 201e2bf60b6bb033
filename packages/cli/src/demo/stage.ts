import { connect } from 'node:net'
import { MayflyError } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { type DemoChild, startChild } from './demo-child.ts'
import type { FleetScreen } from './fleet/fleet-screen.ts'
import { type FleetView, type Sighting, withSighting } from './fleet/fleet-view.ts'

/** What a running demo holds. */
export interface Stage {
  readonly home: string
  readonly screen: FleetScreen
  /** Aborted when the person wants to end the demo. */
  readonly signal: AbortSignal
  /** In the order of their start. */
  readonly children: DemoChild[]
  /** The one thing that changes: what is known of the hosts. */
  fleet: FleetView
}

const lookEveryMs = 200

/** Starts a process of the demo. Lines of JSON on its standard output are sightings of the fleet. */
export function startOn(stage: Stage, name: string, argv: readonly [string, ...string[]]): DemoChild {
  const child = startChild({ name, argv, onLine: (line) => see(stage, line) })
  stage.children.push(child)
  return child
}

/** Looks until `condition` holds; rejects when a child dies, the person ends the demo, or the limit is over. */
export async function until(
  stage: Stage,
  what: string,
  limitMs: number,
  condition: () => Promise<boolean>,
): Promise<void> {
  const startedAt = systemClock.monotonic()
  const died = Promise.race(stage.children.map((child) => child.died))
  while (!(await Promise.race([condition(), died]))) {
    stage.signal.throwIfAborted()
    if (systemClock.monotonic() - startedAt > limitMs) throw tooSlow(stage, what, limitMs)
    await systemClock.sleep(lookEveryMs, stage.signal)
  }
}

/** Whether something listens on the port of the loopback interface. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function see(stage: Stage, line: string): void {
  if (!line.startsWith('{"type":')) return
  stage.fleet = withSighting(stage.fleet, JSON.parse(line) as Sighting, systemClock.now())
}

function tooSlow(stage: Stage, what: string, limitMs: number): MayflyError {
  const said = [
    ...stage.fleet.reasons,
    ...stage.children.flatMap((child) => child.lastLines().map((line) => `${child.name}: ${line}`)),
  ]
  return new MayflyError(
    'command-failed',
    `${what} did not come about within ${limitMs / 1000} s. What the processes said last:\n${said.join('\n')}`,
  )
}

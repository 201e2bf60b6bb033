import type { Instant } from '@mayfly/ca-core'
import { renderFleet, renderRotation } from './fleet-table.ts'
import { type FleetView, rotationsSeen } from './fleet-view.ts'

/** Where the demo tells its story: lines, and on a terminal a table that is drawn over itself. */
export interface FleetScreen {
  say(line: string): void
  show(fleet: FleetView, now: Instant): void
  /** What is drawn now stays; further lines go below. */
  settle(): void
}

/** A table on a terminal; in a pipe a line for each rotation. */
export function openFleetScreen(output: NodeJS.WriteStream): FleetScreen {
  return output.isTTY ? liveTable(output) : plainLines(output)
}

function liveTable(output: NodeJS.WriteStream): FleetScreen {
  let drawn = 0
  // CSI n F: to the start of the n-th line above; CSI J: erase from there to the end (ECMA-48).
  const erase = (): string => (drawn === 0 ? '' : `\x1b[${drawn}F\x1b[J`)
  return {
    say(line) {
      output.write(`${erase()}${line}\n`)
      drawn = 0
    },
    show(fleet, now) {
      const lines = renderFleet(fleet, now).map((line) => line.slice(0, output.columns))
      output.write(`${erase()}${lines.join('\n')}\n`)
      drawn = lines.length
    },
    settle() {
      drawn = 0
    },
  }
}

function plainLines(output: NodeJS.WriteStream): FleetScreen {
  const told = new Map<string, number>()
  return {
    say: (line) => void output.write(`${line}\n`),
    show(fleet) {
      for (const host of fleet.hosts) {
        const rotations = rotationsSeen(host)
        if (rotations <= (told.get(host.host) ?? 0)) continue
        told.set(host.host, rotations)
        output.write(`${renderRotation(host)}\n`)
      }
    },
    settle() {},
  }
}

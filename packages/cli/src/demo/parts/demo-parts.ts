import { readFile } from 'node:fs/promises'
import type { Sighting } from '../fleet/fleet-view.ts'
import { type CallerSettings, runCaller } from './caller.ts'
import { type NodeServiceSettings, runNodeService } from './node-service.ts'

export type DemoPart = 'caller' | 'service'

/** Runs one of the demo's own programs with the settings in `file`, until `signal` is aborted. */
export async function runDemoPart(part: DemoPart, file: string, signal: AbortSignal): Promise<void> {
  const settings = JSON.parse(await readFile(file, 'utf8'))
  switch (part) {
    case 'caller':
      return runCaller(settings as CallerSettings, tell, signal)
    case 'service':
      return runNodeService(settings as NodeServiceSettings, tell, signal)
  }
}

function tell(sighting: Sighting): void {
  process.stdout.write(`${JSON.stringify(sighting)}\n`)
}

import type { Preset } from './preset.ts'
import { presets, type ReloadConfiguration } from './presets/index.ts'
import type { ServerControl, ServerPorts } from './server-control.ts'

/** What the agent can do with the server that `configuration` names. */
export function prepareServer(configuration: ReloadConfiguration, ports: ServerPorts): ServerControl {
  // The table ties each name to its own options, which the type of one look-up cannot say.
  const preset = presets[configuration.preset] as Preset<ReloadConfiguration>
  return preset.prepare(configuration, ports)
}

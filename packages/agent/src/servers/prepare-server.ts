import type { FormatName } from '../formats/format-name.ts'
import type { Preset } from './preset.ts'
import { presets, type ReloadConfiguration } from './presets/index.ts'
import type { ServerControl, ServerPorts } from './server-control.ts'

/** What the agent can do with the server that `configuration` names. */
export function prepareServer(configuration: ReloadConfiguration, ports: ServerPorts): ServerControl {
  return presetOf(configuration).prepare(configuration, ports)
}

/** Formats that the server of `configuration` reads, and that must be written whether asked for or not. */
export function formatsNeededBy(configuration: ReloadConfiguration): readonly FormatName[] {
  return presetOf(configuration).formats ?? []
}

/** The table ties each name to its own options, which the type of one look-up cannot say. */
function presetOf(configuration: ReloadConfiguration): Preset<ReloadConfiguration> {
  return presets[configuration.preset] as Preset<ReloadConfiguration>
}

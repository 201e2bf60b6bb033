import type { Preset } from '../preset.ts'
import { apache } from './apache.ts'
import { command } from './command.ts'
import { haproxy } from './haproxy.ts'
import { nginx } from './nginx.ts'
import { none } from './none.ts'
import { postgresql } from './postgresql.ts'
import type { PresetName } from './preset-name.ts'
import { signal } from './signal.ts'
import { unit } from './unit.ts'

/** Every preset, by the name that it has in `agent.yaml`. A new one is one file and one line here. */
export const presets = {
  nginx,
  haproxy,
  apache,
  postgresql,
  signal,
  command,
  unit,
  none,
} as const satisfies Record<PresetName, unknown>

type OptionsOf<P> = P extends Preset<infer Options> ? Options : never

/** The options of one preset, told apart by `preset`. */
export type ReloadConfiguration = OptionsOf<(typeof presets)[PresetName]>

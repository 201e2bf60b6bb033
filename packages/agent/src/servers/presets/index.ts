import type { Preset } from '../preset.ts'
import { apache } from './apache.ts'
import { caddy } from './caddy.ts'
import { command } from './command.ts'
import { haproxy } from './haproxy.ts'
import { hitch } from './hitch.ts'
import { mariadb } from './mariadb.ts'
import { nginx } from './nginx.ts'
import { none } from './none.ts'
import { postgresql } from './postgresql.ts'
import type { PresetName } from './preset-name.ts'
import { redis } from './redis.ts'
import { signal } from './signal.ts'
import { stunnel } from './stunnel.ts'
import { unit } from './unit.ts'

/** Every preset, by the name that it has in `agent.yaml`. A new one is one file, its name, and one line here. */
export const presets = {
  nginx,
  haproxy,
  apache,
  postgresql,
  redis,
  mariadb,
  caddy,
  stunnel,
  hitch,
  signal,
  command,
  unit,
  none,
} as const satisfies Record<PresetName, unknown>

type OptionsOf<P> = P extends Preset<infer Options> ? Options : never

/** The options of one preset, told apart by `preset`. */
export type ReloadConfiguration = OptionsOf<(typeof presets)[PresetName]>

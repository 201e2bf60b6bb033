import type { PresetName } from '@mayfly/agent'

/** Written out again, so that `--help` needs no agent to be loaded; the types see to it that none is missing. */
const presets: Record<PresetName, true> = {
  nginx: true,
  haproxy: true,
  apache: true,
  postgresql: true,
  redis: true,
  mariadb: true,
  caddy: true,
  stunnel: true,
  hitch: true,
  signal: true,
  command: true,
  unit: true,
  none: true,
}

export const presetChoices: readonly string[] = Object.keys(presets)

import * as z from 'zod'

export const presetNames = [
  'nginx',
  'haproxy',
  'apache',
  'postgresql',
  'redis',
  'mariadb',
  'caddy',
  'stunnel',
  'hitch',
  'signal',
  'command',
  'unit',
  'none',
] as const

export type PresetName = (typeof presetNames)[number]

/** The key `preset` of one preset's options. */
export function presetName<Name extends PresetName>(name: Name): z.ZodLiteral<Name> {
  return z.literal(name, `must be one of ${presetNames.join(', ')}`).describe('Which server.')
}

import * as z from 'zod'
import { presets, type ReloadConfiguration } from './presets/index.ts'

export type { ReloadConfiguration } from './presets/index.ts'

const [first, ...others] = Object.values(presets).map(({ schema }): z.ZodType<ReloadConfiguration> => schema)

/**
 * How a server is made to load new files: the options of one preset. `command`, `unit` and `signal`
 * need no `preset` beside them.
 */
export const reloadSchema: z.ZodType<ReloadConfiguration> = z.union([
  first as NonNullable<typeof first>,
  ...others,
])

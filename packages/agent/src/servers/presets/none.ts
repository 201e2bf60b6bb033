import * as z from 'zod'
import type { Preset } from '../preset.ts'
import { presetName } from './preset-name.ts'

export interface NoneOptions {
  readonly preset: 'none'
}

/** A program that watches the files itself, as the client library does. */
export const none: Preset<NoneOptions> = {
  schema: z.strictObject({ preset: presetName('none') }),
  prepare: () => ({
    ready: () => Promise.resolve(),
    check: () => Promise.resolve(),
    untested: true,
    reload: () => Promise.resolve(),
  }),
}

import type * as z from 'zod'
import type { FormatName } from '../formats/format-name.ts'
import type { ServerControl, ServerPorts } from './server-control.ts'

/** One kind of server: its options in `agent.yaml`, and how it is made to load new files. */
export interface Preset<Options extends { readonly preset: string }> {
  /** Takes only what is for this server, so that of all presets one fits. */
  readonly schema: z.ZodType<Options>
  /** Formats that the server reads, besides the PEM set. */
  readonly formats?: readonly FormatName[]
  prepare(options: Options, ports: ServerPorts): ServerControl
}

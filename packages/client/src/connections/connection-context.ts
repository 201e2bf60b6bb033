import { LiveMaterial } from '../material/live-material.ts'
import type { MaterialPaths } from '../material/material-files.ts'
import { settingsFrom, type TrustOptions, type TrustSettings } from '../options.ts'
import { ConnectionEnds } from './connection-ends.ts'

/** What every connection of one identity shares. */
export interface ConnectionContext {
  readonly live: LiveMaterial
  readonly settings: TrustSettings
  readonly ends: ConnectionEnds
}

/** Throws a `TrustError` when there is no usable material. */
export function createConnectionContext(paths: MaterialPaths, options: TrustOptions): ConnectionContext {
  const settings = settingsFrom(options)
  return { live: new LiveMaterial(paths, settings), settings, ends: new ConnectionEnds(settings.now) }
}

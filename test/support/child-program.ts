import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'

const folder = process.env.MAYFLY_BUILT

/**
 * The arguments with which Node starts a program of the tests, by the path of its source: as `npm test` has built it
 * together with the command, which starts in a third of the time, or else from its source.
 */
export function childProgram(source: string): readonly [string, ...string[]] {
  const built = folder === undefined ? undefined : join(folder, `${basename(source, '.ts')}.js`)
  return built !== undefined && existsSync(built) ? [built] : ['-C', 'source', source]
}

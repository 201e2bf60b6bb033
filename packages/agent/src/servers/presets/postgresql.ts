import { join } from 'node:path'
import { type FileStatus, MayflyError } from '@mayfly/ca-core'
import { filePath } from '@mayfly/platform'
import * as z from 'zod'
import type { Preset } from '../preset.ts'
import { reloadedProcess } from '../reloaded-process.ts'
import type { ReloadContext, ServerPorts } from '../server-control.ts'
import { findServer } from '../server-process.ts'
import { presetName } from './preset-name.ts'

export interface PostgresqlOptions {
  readonly preset: 'postgresql'
  /** `postmaster.pid` in the data folder, or what `external_pid_file` names. */
  readonly pidFile: string
}

const processName = 'postgres'

/**
 * PostgreSQL: sent SIGHUP, which is what `pg_reload_conf()` does. Sessions live on, and new ones get
 * the new certificate. With files that it refuses it keeps the old ones and says so in its log alone;
 * what it is known to refuse is looked for before. Probe it with `protocol: postgresql`.
 */
export const postgresql: Preset<PostgresqlOptions> = {
  schema: z.strictObject({
    preset: presetName('postgresql'),
    pidFile: filePath.describe('`postmaster.pid` in the data folder, or what `external_pid_file` names.'),
  }),
  prepare({ pidFile }, ports) {
    const server = { pidFile, processName }
    const reloaded = reloadedProcess(ports, server, 'SIGHUP')
    return {
      async ready() {
        await findServer(ports.fileSystem, server)
      },
      check: (context) => requireReadableKey(ports, pidFile, context),
      reload: reloaded.reload,
      ended: reloaded.ended,
    }
  },
}

/** PostgreSQL refuses a key that others than its owner may read (documentation 19.9.1). */
async function requireReadableKey(
  { fileSystem }: ServerPorts,
  pidFile: string,
  { generationFolder }: ReloadContext,
): Promise<void> {
  const path = join(generationFolder, 'key.pem')
  const key = await fileSystem.status(path)
  if (key === undefined) throw refused(path, 'it is missing')
  const serverUid = await uidOfServer(fileSystem, pidFile)
  const reason = keyRefusal(key, serverUid)
  if (reason !== undefined) throw refused(path, reason)
}

async function uidOfServer(
  fileSystem: ServerPorts['fileSystem'],
  pidFile: string,
): Promise<number | undefined> {
  const pid = await findServer(fileSystem, { pidFile, processName })
  return (await fileSystem.status(`/proc/${pid}`))?.uid
}

function keyRefusal({ uid, mode }: FileStatus, serverUid: number | undefined): string | undefined {
  if (uid === 0 && serverUid !== 0) {
    return (mode & 0o037) === 0
      ? undefined
      : 'root owns it, so its mode may be 0640 at most; set mode in the configuration'
  }
  if (serverUid !== undefined && uid !== serverUid) {
    return `user ${uid} owns it and PostgreSQL runs as ${serverUid}; set owner in the configuration`
  }
  return (mode & 0o077) === 0 ? undefined : 'its mode may be 0600 at most; set mode in the configuration'
}

function refused(path: string, reason: string): MayflyError {
  return new MayflyError('check-failed', `${path}: PostgreSQL would refuse this key: ${reason}.`, {
    details: { path },
  })
}

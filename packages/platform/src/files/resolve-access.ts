import { type FileAccess, type FileSystem, MayflyError, type ProcessRunner } from '@mayfly/ca-core'

export interface AccessRequest {
  /** User name or numeric id; absent means the running process's own. */
  readonly owner?: string | undefined
  /** Group name or numeric id; absent means the running process's own. */
  readonly group?: string | undefined
  readonly mode: number
}

export interface AccessPorts {
  readonly fileSystem: FileSystem
  readonly processRunner: ProcessRunner
}

type Database = 'passwd' | 'group'

const lookupTimeoutMs = 5_000
/** In a line of passwd(5) and of group(5) the numeric id is the third field. */
const idField = 2

/** Turns owner and group names into ids, or throws `config-invalid` with the name that is not known. */
export async function resolveAccess(request: AccessRequest, ports: AccessPorts): Promise<FileAccess> {
  const uid = request.owner === undefined ? undefined : await resolveId('passwd', request.owner, ports)
  const gid = request.group === undefined ? undefined : await resolveId('group', request.group, ports)
  return {
    mode: request.mode,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  }
}

async function resolveId(database: Database, name: string, ports: AccessPorts): Promise<number> {
  if (/^\d{1,10}$/.test(name)) return Number(name)
  const text = Buffer.from(await ports.fileSystem.readFile(`/etc/${database}`)).toString('utf8')
  const id = idOf(name, text) ?? (await askNameService(database, name, ports.processRunner))
  if (id !== undefined) return id
  const what = database === 'passwd' ? 'user' : 'group'
  throw new MayflyError('config-invalid', `there is no ${what} ${JSON.stringify(name)} on this machine`, {
    details: { [what]: name },
  })
}

/** Users that live in LDAP or the like are in no file; getent(1) asks every source that the machine has. */
async function askNameService(
  database: Database,
  name: string,
  processRunner: ProcessRunner,
): Promise<number | undefined> {
  try {
    const result = await processRunner.run(['getent', database, '--', name], { timeoutMs: lookupTimeoutMs })
    return result.exitCode === 0 ? idOf(name, result.stdout) : undefined
  } catch (error) {
    if (error instanceof MayflyError && error.code === 'command-failed') return undefined
    throw error
  }
}

function idOf(name: string, lines: string): number | undefined {
  for (const line of lines.split('\n')) {
    const fields = line.split(':')
    if (fields[0] === name && /^\d{1,10}$/.test(fields[idField] ?? '')) return Number(fields[idField])
  }
  return undefined
}

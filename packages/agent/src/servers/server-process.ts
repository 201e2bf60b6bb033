import { basename, dirname, resolve } from 'node:path'
import { type FileSystem, type FolderEntry, MayflyError } from '@mayfly/ca-core'
import type { ServerPorts } from './server-control.ts'

export interface ServerProcess {
  readonly pidFile: string
  /** What the process must be called, as in `/proc/<pid>/comm`. */
  readonly processName?: string
}

/** A pid file holds a number and little else; PostgreSQL's has some lines. */
const pidFileBytesMax = 4_096

/** Sends a signal to the process `pid`, which was found in the server's pid file. Throws `reload-failed`. */
export function signalProcess(
  { processRunner }: ServerPorts,
  server: ServerProcess,
  pid: number,
  signal: NodeJS.Signals,
): void {
  try {
    processRunner.signal(pid, signal)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MayflyError('reload-failed', `${server.pidFile}: ${reason}. Is the server running?`, {
      details: { pidFile: server.pidFile, pid },
      cause,
    })
  }
}

/**
 * The process id in a pid file, if such a process runs and has the right name: a pid file outlives its
 * server, and a SIGHUP sent to whoever has the number now would end it.
 * Throws `reload-failed`.
 */
export async function findServer(fileSystem: FileSystem, server: ServerProcess): Promise<number> {
  const pid = await readPid(fileSystem, server)
  const name = await processName(fileSystem, pid)
  if (name === undefined) throw down(server, `names process ${pid}, which does not run`)
  if (name !== 'unknown' && server.processName !== undefined && name !== server.processName) {
    throw down(server, `names process ${pid}, which is ${name} and not ${server.processName}`)
  }
  return pid
}

async function readPid(fileSystem: FileSystem, server: ServerProcess): Promise<number> {
  const { pidFile } = server
  const content = await readPidFile(fileSystem, pidFile)
  // `nginx -t` leaves an empty one where none runs.
  if (content.length === 0) throw down(server, 'holds no process id')
  const [line = ''] = new TextDecoder().decode(content).split('\n')
  const pid = /^\d{1,10}$/.test(line.trim()) ? Number(line) : 0
  if (pid > 1) return pid
  throw new MayflyError(
    'reload-failed',
    `${pidFile} holds no process id. Correct pidFile in the configuration.`,
    {
      details: { pidFile },
    },
  )
}

/**
 * The server's user may own the file or its folder: what else it may be (a pipe that is never written, a link to
 * something endless) is not read, or it would hold up the certificates of every other server.
 */
async function readPidFile(fileSystem: FileSystem, pidFile: string): Promise<Uint8Array> {
  const unreadable = (reason: string, cause?: unknown): MayflyError =>
    new MayflyError(
      'reload-failed',
      `${pidFile}: ${reason}. Start the server, or correct pidFile in the configuration.`,
      { details: { pidFile, because: 'server-down' }, cause },
    )
  const name = basename(pidFile)
  const folder = await readFolderOf(fileSystem, pidFile, name).catch((cause: unknown) => {
    throw unreadable('it cannot be read', cause)
  })
  const found = folder?.get(name)
  if (found === undefined) throw unreadable('there is no such file')
  if (found.type !== 'file') throw unreadable('it is no plain file')
  if (found.sizeBytes > pidFileBytesMax) throw unreadable('it is too large for a process id')
  if (found.content === undefined) throw unreadable('it cannot be read')
  return found.content
}

/** `/var/run` is a link to `/run`. */
async function readFolderOf(
  fileSystem: FileSystem,
  path: string,
  name: string,
): Promise<ReadonlyMap<string, FolderEntry> | undefined> {
  const folder = dirname(path)
  const target = await fileSystem.readLink(folder)
  const real = target === undefined ? folder : resolve(dirname(folder), target)
  return fileSystem.readFolder(real, [name], pidFileBytesMax)
}

/** `undefined` if there is no such process, `unknown` where there is no `/proc` to ask. */
async function processName(fileSystem: FileSystem, pid: number): Promise<string | undefined> {
  const name = await fileSystem.readFile(`/proc/${pid}/comm`).catch(() => undefined)
  if (name !== undefined) return new TextDecoder().decode(name).trim()
  return (await fileSystem.status('/proc/self')) === undefined ? 'unknown' : undefined
}

function down({ pidFile }: ServerProcess, what: string): MayflyError {
  return new MayflyError('reload-failed', `${pidFile} ${what}. Start the server.`, {
    details: { pidFile, because: 'server-down' },
  })
}

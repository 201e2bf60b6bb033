import { type FileSystem, MayflyError } from '@mayfly/ca-core'
import type { ServerPorts } from './server-control.ts'

export interface ServerProcess {
  readonly pidFile: string
  /** What the process must be called, as in `/proc/<pid>/comm`. */
  readonly processName?: string
}

/** A pid file holds a number and little else; PostgreSQL's has some lines. */
const pidFileBytesMax = 4_096

/** Sends a signal to the process that a pid file names. Throws `reload-failed`. */
export async function signalServer(
  { fileSystem, processRunner }: ServerPorts,
  server: ServerProcess,
  signal: NodeJS.Signals,
): Promise<void> {
  const pid = await findServer(fileSystem, server)
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
  const content = await fileSystem.readFile(pidFile).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : `${pidFile} cannot be read`
    throw new MayflyError(
      'reload-failed',
      `${reason}. Start the server, or correct pidFile in the configuration.`,
      { details: { pidFile, because: 'server-down' }, cause },
    )
  })
  // `nginx -t` leaves an empty one where none runs.
  if (content.length === 0) throw down(server, 'holds no process id')
  const [line = ''] = new TextDecoder().decode(content.subarray(0, pidFileBytesMax)).split('\n')
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

/** `undefined` if there is no such process, `unknown` where there is no `/proc` to ask. */
async function processName(fileSystem: FileSystem, pid: number): Promise<string | undefined> {
  const name = await fileSystem.readFile(`/proc/${pid}/comm`).catch(() => undefined)
  if (name !== undefined) return new TextDecoder().decode(name).trim()
  return (await fileSystem.status('/proc/self')) === undefined ? 'unknown' : undefined
}

function down({ pidFile }: ServerProcess, what: string): MayflyError {
  return new MayflyError(
    'reload-failed',
    `${pidFile} ${what}. Start the server; it will load the new files.`,
    {
      details: { pidFile, because: 'server-down' },
    },
  )
}

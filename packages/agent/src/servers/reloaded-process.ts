import type { FileSystem } from '@mayfly/ca-core'
import { type RevivedServer, reviveServer } from './revived-server.ts'
import type { ServerPorts } from './server-control.ts'
import { findServer, type ServerProcess, signalProcess } from './server-process.ts'
import { reloadUnit, type UnitAction, unitReady } from './systemd-unit.ts'

/** A server that loads its files on a signal to the process that its pid file names. */
export function reloadedProcess(
  ports: ServerPorts,
  server: ServerProcess,
  signal: NodeJS.Signals,
): RevivedServer {
  return reviveServer(ports, async () => {
    const { fileSystem } = ports
    const pid = await findServer(fileSystem, server)
    const [unit, command] = [await unitOf(fileSystem, pid), await commandOf(fileSystem, pid)]
    const name = server.processName ?? 'the server'
    return {
      shown: `${name} (process ${pid})`,
      ...(unit !== undefined && { unit }),
      command: unit === undefined ? command : `systemctl start ${unit}`,
      tell: async () => signalProcess(ports, server, pid, signal),
      // The process, or another in its place: its file may be written anew in this moment.
      runs: async () =>
        (await readProcess(fileSystem, pid, 'comm')) !== '' ||
        (await isRunning(findServer(fileSystem, server))),
    }
  })
}

/** A server that its unit reloads, or restarts. */
export function reloadedUnit(ports: ServerPorts, unit: string, action: UnitAction = 'reload'): RevivedServer {
  const { processRunner } = ports
  return reviveServer(ports, async () => ({
    shown: unit,
    unit,
    command: `systemctl start ${unit}`,
    tell: () => reloadUnit(processRunner, unit, action),
    runs: () => isRunning(unitReady(processRunner, unit, 'restart')),
  }))
}

async function isRunning(look: Promise<unknown>): Promise<boolean> {
  return look.then(
    () => true,
    () => false,
  )
}

/** cgroup v2, and the line of systemd's own of v1: `0::/system.slice/apache2.service`. */
const unitPattern = /^(?:0:|1:name=systemd):\/system\.slice\/(?:[^\n]*\/)?([A-Za-z0-9:_.\\@-]+\.service)$/m

async function unitOf(fileSystem: FileSystem, pid: number): Promise<string | undefined> {
  const [, unit] = unitPattern.exec(await readProcess(fileSystem, pid, 'cgroup')) ?? []
  // A server that the agent's own commands started is in the agent's unit.
  return unit === 'mayfly-agent.service' ? undefined : unit
}

/** A command line is as long as its process wants it. */
const commandCharactersMax = 200

/** What nginx and others write before it. */
const titlePattern = /^\S+: master process /

/**
 * What an alarm may show of a command line: programs, files, and options that are words. Anything else may be a password,
 * and alarms go to logs and to whoever reads the status. It would not survive being typed into a shell as it stands either.
 */
const plainArgument =
  /^(?:-{0,2}[A-Za-z][\w-]*=)?\/[\w./@:+-]*$|^-[A-Za-z]$|^--[a-z][a-z-]*$|^(?:start|FOREGROUND)$/
const programPattern = /^[\w./@+-]+$/

/** What it was started with, where that can be shown whole. */
async function commandOf(fileSystem: FileSystem, pid: number): Promise<string> {
  const line = (await readProcess(fileSystem, pid, 'cmdline'))
    .replaceAll('\0', ' ')
    .replace(titlePattern, '')
    .trim()
  const [program = '', ...words] = line.split(' ')
  const isPlain = programPattern.test(program) && words.every((word) => plainArgument.test(word))
  return isPlain && line.length <= commandCharactersMax ? line : 'as it was started before'
}

async function readProcess(fileSystem: FileSystem, pid: number, file: string): Promise<string> {
  const content = await fileSystem.readFile(`/proc/${pid}/${file}`).catch(() => undefined)
  return content === undefined ? '' : new TextDecoder().decode(content)
}

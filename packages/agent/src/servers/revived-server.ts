import { MayflyError } from '@mayfly/ca-core'
import { type Argv, runProgram } from './run-program.ts'
import type { ServerPorts } from './server-control.ts'

/** A server that runs, just before it is told to load new files. */
export interface RunningServer {
  /** As a person knows it: `apache2 (process 4711)`. */
  readonly shown: string
  /** The systemd unit that it belongs to, if it does. */
  readonly unit?: string
  /** What starts it, for a person to type. */
  readonly command: string
  /** Tells it to load its files again. Throws `reload-failed`. */
  tell(): Promise<void>
  runs(): Promise<boolean>
}

/** A server that is reloaded, and started again where it has ended at that. */
export interface RevivedServer {
  /** Throws `reload-failed`. */
  reload(): Promise<void>
  /** Whether the server that was reloaded last has ended since, in a sentence that says how to start it. */
  ended(): Promise<string | undefined>
}

const startTimeoutMs = 90_000

/**
 * Servers may end at a reload although their own test has passed: Apache does, by a list of ciphers or a file of roots
 * that OpenSSL refuses, and by a port that is taken. What ended at our word is started again, once, by its unit, with
 * the files that are live by then; without a unit a person is told what to type. What somebody has stopped stays so.
 *
 * @param find the server that runs now; throws `reload-failed`
 */
export function reviveServer(ports: ServerPorts, find: () => Promise<RunningServer>): RevivedServer {
  let told: RunningServer | undefined
  let fallen: RunningServer | undefined
  let isStartTried = false

  const startAgain = async ({ unit, shown, command }: RunningServer): Promise<void> => {
    if (unit === undefined || isStartTried || !(await hasFailed(ports, unit))) {
      const message = `${sentence(shown, command)} It will load the files that are live.`
      throw new MayflyError('reload-failed', message, { details: { because: 'server-down' } })
    }
    isStartTried = true
    const argv: Argv = ['systemctl', 'start', unit]
    await runProgram({
      processRunner: ports.processRunner,
      argv,
      failure: 'reload-failed',
      timeoutMs: startTimeoutMs,
    })
  }

  return {
    async reload() {
      if (fallen !== undefined && !(await fallen.runs())) return startAgain(fallen)
      fallen = undefined
      isStartTried = false
      told = await find()
      await told.tell()
    },
    async ended() {
      if (told === undefined || (await told.runs())) return undefined
      fallen = told
      return sentence(told.shown, told.command)
    },
  }
}

function sentence(shown: string, command: string): string {
  return `${shown} has ended at the reload, although its own test had passed; see its log. Start it: ${command}.`
}

/** A unit that somebody has stopped is inactive. */
async function hasFailed({ processRunner }: ServerPorts, unit: string): Promise<boolean> {
  const argv = ['systemctl', 'show', '--property=ActiveState', '--value', unit] as const
  const state = await runProgram({ processRunner, argv, failure: 'reload-failed' }).catch(() => undefined)
  return state?.stdout.trim() === 'failed'
}

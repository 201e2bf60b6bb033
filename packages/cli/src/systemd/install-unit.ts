import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MayflyError } from '@mayfly/ca-core'
import type { Session } from '../commands/session.ts'
import { fitUnit, type UnitFit } from './fit-unit.ts'
import { homeHint } from './home-hint.ts'

export type UnitName = 'mayfly-issuer' | 'mayfly-agent'

export interface UnitOptions {
  /** Put the unit in place. */
  readonly systemd?: boolean
  /** Where to, in place of systemd's own folders; systemd itself is then left alone. */
  readonly unitDir?: string
}

/** What a daemon needs of its unit. */
export type UnitNeeds = Pick<UnitFit, 'writes' | 'credentials'>

const unitFolder = '/etc/systemd/system'
const sysusersFolder = '/etc/sysusers.d'
const sysusersName = 'mayfly.sysusers.conf'
/** Unit files are for everybody to read. */
const unitMode = 0o644
const folderMode = 0o755
const systemctlTimeoutMs = 60_000

/** Says so before anything else is done where the unit could not be put in place. @throws MayflyError `permission-denied` */
export function requireUnitRights({ systemd, unitDir }: UnitOptions): void {
  if (systemd !== true || unitDir !== undefined || process.getuid?.() === 0) return
  throw new MayflyError('permission-denied', 'Only root may put a systemd unit in place. Run this with sudo.')
}

/**
 * Puts the unit of a daemon in place, makes the users that it needs, has systemd read it and enables it.
 * `needs` are folders and credentials of the daemon. Does nothing unless asked to. Resolves to the paths that were written.
 *
 * @throws MayflyError `permission-denied`, `command-failed`
 */
export async function installUnit(
  name: UnitName,
  { systemd, unitDir }: UnitOptions,
  configPath: string,
  session: Session,
  needs: UnitNeeds = {},
): Promise<string[]> {
  if (systemd !== true && unitDir === undefined) return []
  const command = await ownCommand(session)
  const files = [await unitFile(name, unitDir ?? unitFolder, { command, configPath, ...needs }, session)]
  if (name === 'mayfly-issuer') files.push(await sysusersFile(unitDir ?? sysusersFolder, session))
  for (const { path, text } of files) {
    await ensureFolder(dirname(path), session)
    await session.fileSystem.replaceFile(path, Buffer.from(text), { mode: unitMode })
  }
  const hint = await homeHint(name, command, session.fileSystem)
  if (hint !== undefined && !session.json) session.terminal.say(hint)
  if (unitDir === undefined) await tellSystemd(name, session)
  return files.map(({ path }) => path)
}

async function ensureFolder(folder: string, { fileSystem }: Session): Promise<void> {
  if ((await fileSystem.status(folder)) === undefined) {
    await fileSystem.makeDirectory(folder, { mode: folderMode })
  }
}

interface UnitFile {
  readonly path: string
  readonly text: string
}

async function unitFile(name: UnitName, folder: string, fit: UnitFit, session: Session): Promise<UnitFile> {
  const file = `${name}.service`
  const text = fitUnit(await readPackaged(file, session), {
    ...fit,
    configPath: resolve(fit.configPath),
  })
  return { path: join(resolve(folder), file), text }
}

async function sysusersFile(folder: string, session: Session): Promise<UnitFile> {
  return { path: join(resolve(folder), 'mayfly.conf'), text: await readPackaged(sysusersName, session) }
}

/** The built package carries the files beside its code; the source tree has them in `packaging`. */
async function readPackaged(file: string, { fileSystem }: Session): Promise<string> {
  const folder = import.meta.url.endsWith('.ts') ? '../../../../packaging/systemd/' : './packaging/systemd/'
  const path = fileURLToPath(new URL(`${folder}${file}`, import.meta.url))
  return Buffer.from(await fileSystem.readFile(path)).toString('utf8')
}

const packagedCommand = '/usr/bin/mayfly'

/** The command that the unit is to run: the packaged one, or however this process was started. */
async function ownCommand({ fileSystem }: Session): Promise<string[]> {
  if ((await fileSystem.status(packagedCommand)) !== undefined) return [packagedCommand]
  return [process.execPath, ...process.execArgv, resolve(process.argv[1] ?? '')]
}

async function tellSystemd(name: UnitName, { processRunner }: Session): Promise<void> {
  const commands: [string, ...string[]][] = [
    ...(name === 'mayfly-issuer'
      ? [['systemd-sysusers', join(sysusersFolder, 'mayfly.conf')] as [string, string]]
      : []),
    ['systemctl', 'daemon-reload'],
    ['systemctl', 'enable', `${name}.service`],
  ]
  for (const argv of commands) {
    const { exitCode, stderr } = await processRunner.run(argv, { timeoutMs: systemctlTimeoutMs })
    if (exitCode === 0) continue
    throw new MayflyError(
      'command-failed',
      `\`${argv.join(' ')}\` failed: ${stderr.trim() || `exit code ${exitCode}`}`,
    )
  }
}

import { isInHome } from './home-folders.ts'

export interface UnitFit {
  /** What starts Mayfly on this machine, absolute. */
  readonly command: readonly string[]
  /** Absolute. */
  readonly configPath: string
  /** Folders that the daemon writes to, absolute. */
  readonly writes?: readonly string[]
  /** By which names the configuration asks for the unit's credential, if it does; absent means as packaged. */
  readonly credentials?: readonly string[]
  /** By which it asks for the PIN of an HSM, where that is a credential as well. */
  readonly pins?: readonly string[]
}

/** A unit that may write to no folder but its own: `ProtectSystem=strict` (systemd.exec(5)). */
const strictStatePattern = /^StateDirectory=(\S+)\n(?=(?:.*\n)*ProtectSystem=strict\n)/m
const stateRoot = '/var/lib'

/** Beside that of the passphrase. */
const pinFile = '/etc/mayfly/issuer.pin'

/** What `ProtectSystem=full` makes read-only (systemd.exec(5)). */
const protectedFolders = ['/usr', '/boot', '/efi', '/etc']

/**
 * The packaged unit with this machine's command and configuration in place of the usual ones. Folders that it keeps
 * read-only and the daemon writes to are opened; otherwise the first rotation would tell of them, half a day later.
 * Homes are hidden, unless something that the daemon needs lies there: then they are read-only.
 */
export function fitUnit(text: string, fit: UnitFit): string {
  const { command, configPath, writes = [], credentials, pins = [] } = fit
  const start = command.map(quoteForUnit).join(' ')
  const config = quoteForUnit(configPath)
  return text
    .replace(
      /^ExecStart=\S+ (\w+ run) --config \S+$/m,
      (_, words: string) => `ExecStart=${start} ${words} --config ${config}`,
    )
    .replace(/^ConditionPathExists=.*$/m, () => `ConditionPathExists=${escapeSpecifiers(configPath)}`)
    .replace(/^ReadWritePaths=(\S+)$/m, (line, open: string) =>
      [line, ...writes.filter((folder) => isClosed(folder, open)).map(quotePath)].join(' '),
    )
    .replace(/^ProtectHome=yes$/m, (line) =>
      [...command, configPath, ...writes].some(isInHome) ? 'ProtectHome=read-only' : line,
    )
    .replace(strictStatePattern, (line, name: string) => {
      const others = closedFolders(writes, name)
      return others.length === 0 ? line : `${line}ReadWritePaths=${others.map(quotePath).join(' ')}\n`
    })
    .replace(/^LoadCredential=[^:\n]+(:.*\n)/m, (line, file: string) =>
      [
        ...(credentials?.map((name) => `LoadCredential=${name}${file}`) ?? [line]),
        ...pins.map((name) => `LoadCredential=${name}:${pinFile}\n`),
      ].join(''),
    )
}

/** Of `writes`, what a unit may not write to that is left its state folder `name` alone. */
export function closedFolders(writes: readonly string[], name: string): string[] {
  return writes.filter((folder) => !isBelow(folder, `${stateRoot}/${name}`))
}

function isClosed(folder: string, open: string): boolean {
  if (isBelow(folder, open)) return false
  return isInHome(folder) || protectedFolders.some((closed) => isBelow(folder, closed))
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

/** Of a list of paths; `-`: one that is not there is no reason not to start. */
function quotePath(path: string): string {
  return `"-${escapeSpecifiers(path).replace(/["\\]/g, '\\$&')}"`
}

/** systemd.service(5), "COMMAND LINES": quotes around blanks; `%` and `$` doubled, for they mean something. */
function quoteForUnit(word: string): string {
  const escaped = escapeSpecifiers(word)
    .replaceAll('$', () => '$$')
    .replace(/["\\]/g, '\\$&')
  return /[\s"'\\;]/.test(word) ? `"${escaped}"` : escaped
}

/** systemd.unit(5), "SPECIFIERS". */
function escapeSpecifiers(text: string): string {
  return text.replaceAll('%', '%%')
}

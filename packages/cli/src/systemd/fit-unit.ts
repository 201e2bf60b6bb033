export interface UnitFit {
  /** What starts Mayfly on this machine, absolute. */
  readonly command: readonly string[]
  /** Absolute. */
  readonly configPath: string
}

/** The packaged unit with this machine's command and configuration in place of the usual ones. */
export function fitUnit(text: string, { command, configPath }: UnitFit): string {
  const start = command.map(quoteForUnit).join(' ')
  const config = quoteForUnit(configPath)
  return text
    .replace(
      /^ExecStart=\S+ (\w+ run) --config \S+$/m,
      (_, words: string) => `ExecStart=${start} ${words} --config ${config}`,
    )
    .replace(/^ConditionPathExists=.*$/m, () => `ConditionPathExists=${escapeSpecifiers(configPath)}`)
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

/** An error with an exit code of the command's own, for commands that answer as monitoring plug-ins do. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: number

  constructor(cause: unknown, exitCode: number) {
    super('the command failed', { cause })
    this.exitCode = exitCode
  }
}

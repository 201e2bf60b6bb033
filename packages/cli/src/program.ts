import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addAgentCommands } from './commands/agent/agent-commands.ts'
import { addAuditCommands } from './commands/audit/audit-commands.ts'
import { addDemoCommand } from './commands/demo/demo-command.ts'
import { addIdentityCommands } from './commands/identity/identity-commands.ts'
import { addInspectCommand } from './commands/inspect/inspect-command.ts'
import { addIssuerCommands } from './commands/issuer/issuer-commands.ts'
import { addRootCommands } from './commands/root/root-commands.ts'
import { addTokenCommands } from './commands/token/token-commands.ts'
import { describeExitCodes } from './errors/exit-codes.ts'

const groups: Readonly<Record<string, (program: Command) => void>> = {
  root: addRootCommands,
  issuer: addIssuerCommands,
  identity: addIdentityCommands,
  token: addTokenCommands,
  audit: addAuditCommands,
  agent: addAgentCommands,
  inspect: addInspectCommand,
  demo: addDemoCommand,
}

/**
 * The command line: of the group that the first argument names alone, since building all of them takes longer than
 * most commands do; whole, for help and for what is mistyped, where it names none.
 * `complain` is given what commander has to say of a mistyped command.
 */
export function createProgram(
  complain: (complaint: string) => void,
  [first = '']: readonly string[],
): Command {
  const program = new Command('mayfly')
    .description('A private certificate authority whose certificates live a day.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command, or of exit-codes')
    .showSuggestionAfterError(true)
  const asked = Object.hasOwn(groups, first) ? [groups[first]] : Object.values(groups)
  for (const addGroup of asked) addGroup?.(program)
  addExitCodesTopic(program)
  inEachCommand(program, (command) => {
    command.exitOverride().configureOutput({ writeErr: complain, outputError: (text) => complain(text) })
  })
  return program
}

/** A topic of the help: `mayfly help exit-codes`. */
function addExitCodesTopic(program: Command): void {
  program
    .command('exit-codes', { hidden: true })
    .configureHelp({ formatHelp: describeExitCodes })
    .action(() => {
      process.stdout.write(describeExitCodes())
    })
}

function inEachCommand(command: Command, change: (command: Command) => void): void {
  change(command)
  for (const child of command.commands) inEachCommand(child, change)
}

/** The package file stands one folder above this one, in the source tree as in the built package. */
function packageVersion(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}

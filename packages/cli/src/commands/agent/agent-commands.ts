import { type Command, Option } from 'commander'
import {
  addUnitOptions,
  agentConfigPath,
  collect,
  configOption,
  jsonOption,
  keyTypeOption,
} from '../options.ts'
import { monitoringExitCodes, perform, performForMonitoring } from '../perform.ts'
import type { AgentCheckOptions } from './check.ts'
import type { AgentEnrollOptions } from './enroll.ts'
import type { AgentHistoryOptions } from './history.ts'
import { presetChoices } from './presets.ts'
import type { AgentRenewOptions } from './renew.ts'
import type { AgentRunOptions } from './run.ts'
import type { AgentStatusOptions } from './status.ts'

/** `mayfly agent`: what keeps a host's certificates fresh. */
export function addAgentCommands(program: Command): void {
  const agent = program.command('agent').description("keep this host's certificates fresh")
  addEnroll(agent)
  addCheck(agent)
  addRun(agent)
  addStatus(agent)
  addHistory(agent)
  addRenew(agent)
}

function addEnroll(agent: Command): void {
  const enroll = agent
    .command('enroll')
    .description('join with a token: get the first certificate, install it, write it into the configuration')
    .argument(
      '[token]',
      'what `mayfly token create` printed; asked for if left out, so that `ps` cannot show it',
    )
    .addOption(new Option('--token-file <file>', 'read the token from a file that only you can read'))
    .addOption(configOption(agentConfigPath))
    .option('--name <name>', "the certificate's name here and of its live folder (default: the identity's)")
    .option('--state <dir>', 'where a new configuration keeps the state')
    .option('--live <dir>', 'where a new configuration keeps the live folders')
    .addOption(
      new Option(
        '--preset <preset>',
        'the server to test and reload; sets the rest as it most often is',
      ).choices(presetChoices),
    )
    .option('--pid-file <file>', "the file with the server's process id")
    .option('--unit <unit>', 'the systemd unit to reload, such as nginx.service')
    .option('--socket <file>', "the server's own socket (haproxy, redis, mariadb)")
    .option('--connect <host:port>', 'where the server takes commands (redis, caddy)')
    .option('--signal <signal>', 'the signal on which the server loads its files, such as SIGHUP')
    .option('--command <argument>', 'a program that makes it load them; repeat for each argument', collect)
    .option('--program <file>', "the server's own program, where it is not the one on the path")
    .option('--server-config <file>', "the server's own configuration, where it is not in the usual place")
    .option('--user <user>', 'whom to log in as (redis, mariadb)')
    .option('--password-file <file>', 'the password for that (redis)')
    .option(
      '--probe <host:port>',
      'a live port that must serve the certificate; may be repeated (default: the usual port of the preset)',
      collect,
    )
    .option('--no-probe', 'look at no port: what is served is then not known')
    .option('--server-name <name>', 'the name to ask the probed ports for (default: the host)')
    .option('--owner <user>', 'owner of the installed files')
    .option('--group <group>', 'group of the installed files')
    .option('--mode <mode>', 'mode of the files that hold the key, such as 0640')
    .option(
      '--format <format>',
      'another form of the files: combined, pkcs12, credential-bundle or der; may be repeated',
      collect,
    )
    .option('--keystore-password-file <file>', 'the password of the PKCS #12 stores (format pkcs12)')
    .addOption(keyTypeOption())
  addUnitOptions(enroll)
    .addOption(jsonOption())
    .action((token: string | undefined, options: Omit<AgentEnrollOptions, 'token'>) =>
      perform(async () => (await import('./enroll.ts')).agentEnroll, {
        ...options,
        ...(token !== undefined && { token }),
      }),
    )
}

function addRun(agent: Command): void {
  agent
    .command('run')
    .description('run the agent until it is told to stop')
    .addOption(configOption(agentConfigPath))
    .addHelpText('after', signals)
    .action((options: AgentRunOptions) => perform(async () => (await import('./run.ts')).agentRun, options))
}

const signals = `
Signals:
  SIGTERM, SIGINT  finish what is under way, and stop
  SIGHUP           read the configuration again (a change of the file does the same)
  SIGUSR2          renew every certificate now`

function addCheck(agent: Command): void {
  agent
    .command('check')
    .description('try everything that a rotation will need, before it does, and say what to mend')
    .argument('[names...]', 'which certificates (default: all)')
    .addOption(configOption(agentConfigPath))
    .addOption(jsonOption())
    .addHelpText('after', checkExitCodes)
    .action((names: string[], options: Omit<AgentCheckOptions, 'names'>) =>
      perform(async () => (await import('./check.ts')).agentCheck, { ...options, names }),
    )
}

const checkExitCodes = `
Exit codes:
  0  a rotation will work; warnings alone change nothing
  otherwise that of the first failure, as \`mayfly help exit-codes\` lists them`

function addHistory(agent: Command): void {
  agent
    .command('history')
    .description('show what has happened to the certificates')
    .addOption(configOption(agentConfigPath))
    .option('--certificate <name>', 'only of this one')
    .option('--since <when>', 'only after this: a duration such as 24h, or a time such as 2026-01-31')
    .option('--count <number>', 'only the newest so many (default: 100)')
    .addOption(jsonOption())
    .action((options: AgentHistoryOptions) =>
      perform(async () => (await import('./history.ts')).agentHistoryCommand, options),
    )
}

function addStatus(agent: Command): void {
  agent
    .command('status')
    .description('show how the certificates are, with an exit code for monitoring')
    .addOption(configOption(agentConfigPath))
    .addOption(jsonOption())
    .addHelpText('after', statusExitCodes)
    .action((options: AgentStatusOptions) =>
      performForMonitoring(
        async () => (await import('./status.ts')).agentStatusCommand,
        options,
        () => monitoringExitCodes.unknown,
      ),
    )
}

const statusExitCodes = `
Exit codes:
  0  all is well
  1  look at it today
  2  look at it now: a certificate has expired or soon will, only a person can help, or no agent runs
  3  unknown: no agent has run here, or the status cannot be read`

function addRenew(agent: Command): void {
  agent
    .command('renew')
    .description('renew certificates now, ahead of their time, and wait until they are served')
    .argument('[names...]', 'which of them (default: all)')
    .addOption(configOption(agentConfigPath))
    .option('--now', 'what it does anyway; so that scripts can say it')
    .option('--wait <duration>', 'how long to wait (default: 60s)')
    .addOption(jsonOption())
    .action((names: string[], options: Omit<AgentRenewOptions, 'names'>) =>
      perform(async () => (await import('./renew.ts')).agentRenew, { ...options, names }),
    )
}

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
import type { AgentEnrollOptions } from './enroll.ts'
import type { AgentRenewOptions } from './renew.ts'
import type { AgentRunOptions } from './run.ts'
import type { AgentStatusOptions } from './status.ts'

/** `mayfly agent`: what keeps a host's certificates fresh. */
export function addAgentCommands(program: Command): void {
  const agent = program.command('agent').description("keep this host's certificates fresh")
  addEnroll(agent)
  addRun(agent)
  addStatus(agent)
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
    .option('--preset <preset>', 'the server to test and reload, such as nginx')
    .option('--pid-file <file>', "the file with the server's process id")
    .option('--unit <unit>', 'the systemd unit to reload')
    .option('--probe <host:port>', 'a live port that must serve the certificate; may be repeated', collect)
    .option('--server-name <name>', 'the name to ask the probed ports for (default: the host)')
    .option('--owner <user>', 'owner of the installed files')
    .option('--group <group>', 'group of the installed files')
    .option('--mode <mode>', 'mode of the files that hold the key, such as 0640')
    .option('--format <format>', 'another form of the files, such as combined; may be repeated', collect)
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
    .description('run the agent until SIGTERM; SIGHUP reloads, SIGUSR1 renews every certificate now')
    .addOption(configOption(agentConfigPath))
    .action((options: AgentRunOptions) => perform(async () => (await import('./run.ts')).agentRun, options))
}

function addStatus(agent: Command): void {
  agent
    .command('status')
    .description('show how the certificates are, with an exit code for monitoring')
    .addOption(configOption(agentConfigPath))
    .addOption(jsonOption())
    .action((options: AgentStatusOptions) =>
      performForMonitoring(
        async () => (await import('./status.ts')).agentStatusCommand,
        options,
        () => monitoringExitCodes.unknown,
      ),
    )
}

function addRenew(agent: Command): void {
  agent
    .command('renew')
    .description('renew certificates now, ahead of their time, and wait until they are served')
    .argument('[names...]', 'which of them (default: all)')
    .addOption(configOption(agentConfigPath))
    .option('--wait <duration>', 'how long to wait (default: 60s)')
    .addOption(jsonOption())
    .action((names: string[], options: Omit<AgentRenewOptions, 'names'>) =>
      perform(async () => (await import('./renew.ts')).agentRenew, { ...options, names }),
    )
}

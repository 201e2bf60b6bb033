import { type Command, InvalidArgumentError, Option } from 'commander'
import { keyTypeChoices, profileChoices } from './choices.ts'

/** Options that several commands share, each with the same words everywhere. */

export function jsonOption(): Option {
  return new Option('--json', 'print one JSON value, and errors as JSON on standard error')
}

export function keyTypeOption(): Option {
  return new Option('--key-type <type>', 'type of the new key').choices(keyTypeChoices)
}

export function configOption(path: string): Option {
  return new Option('--config <file>', 'the configuration').default(path)
}

/** Adds the three ways to a passphrase: a prompt unless told otherwise. */
export function addPassphraseOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--passphrase-file <file>', 'read the passphrase from a file that only you can read'),
    )
    .addOption(
      new Option('--passphrase-fd <number>', 'read the passphrase from an open descriptor')
        .argParser(parseDescriptor)
        .conflicts('passphraseFile'),
    )
}

/** The same for the PIN of an HSM. */
export function addPinOptions(command: Command): Command {
  return command
    .addOption(new Option('--pin-file <file>', 'read the PIN of the HSM from a file that only you can read'))
    .addOption(
      new Option('--pin-fd <number>', 'read the PIN of the HSM from an open descriptor')
        .argParser(parseDescriptor)
        .conflicts('pinFile'),
    )
}

export function addNameRangeOptions(command: Command): Command {
  return command
    .option(
      '--permit <range>',
      'a range of names to permit: dns:example.com, ip:10.0.0.0/8; may be repeated',
      collect,
    )
    .option('--exclude <range>', 'a range of names to exclude; may be repeated', collect)
}

/** For options that may be repeated; `false` is what a `--no-` option before it has left. */
export function collect(value: string, previous: readonly string[] | false = []): string[] {
  return [...(previous || []), value]
}

function parseDescriptor(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Write the number of a descriptor, such as 3.')
}

export const issuerConfigPath = '/etc/mayfly/issuer.yaml'
export const agentConfigPath = '/etc/mayfly/agent.yaml'

/** For commands that speak to the running issuer. */
export function addAdminOptions(command: Command): Command {
  return command
    .addOption(configOption(issuerConfigPath))
    .option('--socket <path>', "the issuer's administration socket (default: what the configuration says)")
}

/** What an identity may have. */
export function addIdentityOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--profile <profile>',
        'what its certificates are for; of a new one server if absent',
      ).choices(profileChoices),
    )
    .option('--name <name>', 'a name it may carry: dns:web-1.example, ip:192.0.2.1; may be repeated', collect)
}

/** Putting systemd units in place. */
export function addUnitOptions(command: Command): Command {
  return command
    .option('--systemd', 'put the systemd unit in place and enable it')
    .option('--unit-dir <dir>', 'write the unit files there, and leave systemd alone')
}

import { Argument, type Command } from 'commander'
import { alarmChoices } from '../choices.ts'
import {
  addAdminOptions,
  addPassphraseOptions,
  addPinOptions,
  addUnitOptions,
  configOption,
  issuerConfigPath,
  jsonOption,
  keyTypeOption,
} from '../options.ts'
import { perform, performForMonitoring } from '../perform.ts'
import type { AcceptClockOptions } from './accept-clock.ts'
import type { AcceptForgottenOptions } from './accept-forgotten.ts'
import type { AcknowledgeOptions } from './acknowledge.ts'
import type { IssuerActivateOptions } from './activate.ts'
import type { IssuerBackupOptions } from './backup.ts'
import type { IssuerInitOptions } from './init.ts'
import type { IssuerInstallOptions } from './install.ts'
import type { IssuerRestoreOptions } from './restore.ts'
import type { IssuerRunOptions } from './run.ts'
import { type IssuerStatusOptions, statusErrorExitCode } from './status-exit-code.ts'
import type { IssuerTaintOptions } from './taint.ts'

/** `mayfly issuer`: the daemon that mints, and the other side of the root's stick. */
export function addIssuerCommands(program: Command): void {
  const issuer = program
    .command('issuer')
    .description('the issuer: make its request, install its intermediate, run it')
  addInit(issuer)
  addInstall(issuer)
  addActivate(issuer)
  addTaint(issuer)
  addRun(issuer)
  addStatus(issuer)
  addBackup(issuer)
  addRestore(issuer)
  addAcceptForgotten(issuer)
  addAcknowledge(issuer)
  addAcceptClock(issuer)
}

function addInit(issuer: Command): void {
  const init = issuer
    .command('init')
    .description('make the key of the next intermediate and its request, for the root to sign')
    .addOption(configOption(issuerConfigPath))
    .option('--out <file|dir>', 'a copy of the request for the root box, such as on a stick')
    .option('--name <text>', 'common name in the request; the root may choose another')
    .addOption(keyTypeOption().default('ec-p256'))
    .option(
      '--key <uri>',
      'a key that is in the HSM already, such as pkcs11:object=NAME; one is made otherwise',
    )
  addPinOptions(addPassphraseOptions(init))
    .addOption(jsonOption())
    .action((options: IssuerInitOptions) =>
      perform(async () => (await import('./init.ts')).issuerInit, options),
    )
}

function addInstall(issuer: Command): void {
  const install = issuer
    .command('install')
    .description('check what came back from the root, and put it to use')
    .argument('[dir]', 'the folder with intermediate.pem and bundle.jws')
    .addOption(configOption(issuerConfigPath))
    .option('--prepare', 'keep the intermediate ready, and leave the current one in its place')
    .option('--intermediate <file>', 'the intermediate, if it is elsewhere')
    .option('--bundle <file>', 'the signed trust bundle, if it is elsewhere')
    .option(
      '--root-fingerprint <sha256>',
      'SHA-256 of the root, as the root box showed it; needed the first time',
    )
  addUnitOptions(install)
    .addOption(jsonOption())
    .action((dir: string | undefined, options: Omit<IssuerInstallOptions, 'dir'>) =>
      perform(async () => (await import('./install.ts')).issuerInstall, {
        ...options,
        ...(dir !== undefined && { dir }),
      }),
    )
}

function addActivate(issuer: Command): void {
  const activate = issuer.command('activate').description('let the prepared intermediate sign from now on')
  addAdminOptions(activate)
    .addOption(jsonOption())
    .action((options: IssuerActivateOptions) =>
      perform(async () => (await import('./activate.ts')).issuerActivate, options),
    )
}

function addTaint(issuer: Command): void {
  const taint = issuer
    .command('taint')
    .description(
      'the key of an intermediate may be in other hands: stop it, and replace all that it has signed',
    )
    .argument('[sha256]', 'which intermediate, as the status shows it (default: the current one)')
    .option('--yes', 'do not ask; which intermediate has to be said then')
  addAdminOptions(taint)
    .addOption(jsonOption())
    .action((fingerprint: string | undefined, options: Omit<IssuerTaintOptions, 'fingerprint'>) =>
      perform(async () => (await import('./taint.ts')).issuerTaint, {
        ...options,
        ...(fingerprint !== undefined && { fingerprint }),
      }),
    )
}

function addRun(issuer: Command): void {
  issuer
    .command('run')
    .description(
      'run the issuer until SIGTERM; SIGHUP, or a change of the file, reloads its configuration, key and trust bundle',
    )
    .addOption(configOption(issuerConfigPath))
    .action((options: IssuerRunOptions) => perform(async () => (await import('./run.ts')).issuerRun, options))
}

function addStatus(issuer: Command): void {
  const status = issuer
    .command('status')
    .description('show how the running issuer is, with an exit code for monitoring')
  addAdminOptions(status)
    .addOption(jsonOption())
    .addHelpText('after', statusExitCodes)
    .action((options: IssuerStatusOptions) =>
      performForMonitoring(
        async () => (await import('./status.ts')).issuerStatus,
        options,
        statusErrorExitCode,
      ),
    )
}

const statusExitCodes = `
Exit codes:
  0  all is well
  1  look at it today
  2  look at it now: nothing is issued, the intermediate ends within a week, or no issuer answers
  3  unknown: the configuration cannot be read, or you may not ask`

function addAcknowledge(issuer: Command): void {
  const acknowledge = issuer
    .command('acknowledge')
    .description('take away an alarm that stays until somebody has looked into it')
    .addArgument(new Argument('<alarm>', 'which one, as the status names it').choices(alarmChoices))
  addAdminOptions(acknowledge)
    .addOption(jsonOption())
    .action((alarm: AcknowledgeOptions['alarm'], options: Omit<AcknowledgeOptions, 'alarm'>) =>
      perform(async () => (await import('./acknowledge.ts')).issuerAcknowledge, { ...options, alarm }),
    )
}

function addAcceptClock(issuer: Command): void {
  const accept = issuer
    .command('accept-clock')
    .description('say that the clock is right now, after it was wrong: issuing goes on')
  addAdminOptions(accept)
    .addOption(jsonOption())
    .action((options: AcceptClockOptions) =>
      perform(async () => (await import('./accept-clock.ts')).issuerAcceptClock, options),
    )
}

function addBackup(issuer: Command): void {
  issuer
    .command('backup')
    .description('copy the store, while the issuer runs, to a file that only you can read')
    .requiredOption('--out <file>', 'the file to write; there must be none')
    .addOption(configOption(issuerConfigPath))
    .addOption(jsonOption())
    .action((options: IssuerBackupOptions) =>
      perform(async () => (await import('./backup.ts')).issuerBackup, options),
    )
}

function addRestore(issuer: Command): void {
  issuer
    .command('restore')
    .description('put a backup in the place of the store of a stopped issuer, and say what it cannot know')
    .argument('<file>', 'what `mayfly issuer backup` wrote')
    .option(
      '--accept-forgotten',
      'take up again, when they ask, hosts whose certificates the backup does not know',
    )
    .option('--yes', 'do not ask')
    .addOption(configOption(issuerConfigPath))
    .addOption(jsonOption())
    .action((backup: string, options: Omit<IssuerRestoreOptions, 'backup'>) =>
      perform(async () => (await import('./restore.ts')).issuerRestore, { ...options, backup }),
    )
}

function addAcceptForgotten(issuer: Command): void {
  const accept = issuer
    .command('accept-forgotten')
    .description(
      'after a restore: take up again, when they ask, hosts whose certificates the backup does not know',
    )
  addAdminOptions(accept)
    .addOption(jsonOption())
    .action((options: AcceptForgottenOptions) =>
      perform(async () => (await import('./accept-forgotten.ts')).issuerAcceptForgotten, options),
    )
}

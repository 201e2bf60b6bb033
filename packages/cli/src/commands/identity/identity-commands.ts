import { type Command, Option } from 'commander'
import { profileChoices, stateChoices } from '../choices.ts'
import { addAdminOptions, addIdentityOptions, jsonOption } from '../options.ts'
import { perform } from '../perform.ts'
import type { IdentityAddOptions } from './add.ts'
import type { IdentityApplyOptions } from './apply.ts'
import type { IdentityListOptions } from './list.ts'
import type { IdentityOptions } from './show.ts'

/** `mayfly identity`: who may hold certificates, and with which names. */
export function addIdentityCommands(program: Command): void {
  const identity = program.command('identity').description('the holders of certificates and their names')
  addAdd(identity)
  addApply(identity)
  addList(identity)
  addOne(identity, 'show', 'show one identity', async () => (await import('./show.ts')).identityShow)
  addOne(
    identity,
    'suspend',
    'end its certificates: nothing more is minted for it',
    async () => (await import('./suspend.ts')).identitySuspend,
  )
  addOne(
    identity,
    'resume',
    'let a suspended identity have certificates again; a delegate, if it suspended it',
    async () => (await import('./resume.ts')).identityResume,
  )
}

function addAdd(identity: Command): void {
  const add = identity
    .command('add')
    .description('add an identity')
    .argument('<name>', 'its name, such as web-1')
  addAdminOptions(addIdentityOptions(add))
    .addOption(jsonOption())
    .action((identityName: string, options: Omit<IdentityAddOptions, 'identity'>) =>
      perform(async () => (await import('./add.ts')).identityAdd, { ...options, identity: identityName }),
    )
}

function addApply(identity: Command): void {
  const apply = identity
    .command('apply')
    .description('make the identities what a file declares, all at once or not at all')
    .requiredOption('-f, --file <file>', 'the declared identities: identities.yaml, or - for standard input')
    .option('--dry-run', 'only show what would be done; exits with 11 if there is anything')
    .option('--prune', 'suspend identities that are not in the file, which are left otherwise')
  addAdminOptions(apply)
    .addOption(jsonOption())
    .action((options: IdentityApplyOptions) =>
      perform(async () => (await import('./apply.ts')).identityApply, options),
    )
}

function addList(identity: Command): void {
  const list = identity
    .command('list')
    .description('list the identities by name; each option narrows it')
    .addOption(new Option('--state <state>', 'in this state').choices(stateChoices))
    .addOption(new Option('--profile <profile>', 'with this profile').choices(profileChoices))
    .option('--name <pattern>', 'whose name is this, where * stands for any characters: web-*')
    .option('--due', 'with a key that waits for its certificate')
    .addOption(new Option('--overdue', 'whose next certificate should be there by now').conflicts('due'))
    .option('--seen-before <time>', 'not seen since: 2026-01-15, or an age such as 24h; or never')
    .option('--agent-version <version>', 'whose agent said that it is this version')
    .option('--bundle-behind', 'whose agent holds an older trust bundle than the one that is served')
  addAdminOptions(list)
    .addOption(jsonOption())
    .action((options: IdentityListOptions) =>
      perform(async () => (await import('./list.ts')).identityList, options),
    )
}

function addOne(
  identity: Command,
  name: string,
  description: string,
  load: Parameters<typeof perform<IdentityOptions>>[0],
): void {
  const command = identity
    .command(name)
    .description(description)
    .argument('<name>', 'the name of the identity')
  addAdminOptions(command)
    .addOption(jsonOption())
    .action((identityName: string, options: Omit<IdentityOptions, 'identity'>) =>
      perform(load, { ...options, identity: identityName }),
    )
}

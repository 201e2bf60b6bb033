import type { Command } from 'commander'
import { addNameRangeOptions, addPassphraseOptions, collect, jsonOption, keyTypeOption } from '../options.ts'
import { perform } from '../perform.ts'
import type { RootBundleOptions } from './bundle.ts'
import type { RootCreateOptions } from './create.ts'
import type { RootShowOptions } from './show.ts'
import type { RootSignOptions } from './sign.ts'

/** `mayfly root`: the ceremonies, on a machine without a network. */
export function addRootCommands(program: Command): void {
  const root = program.command('root').description('the root, on a machine without a network')
  addCreate(root)
  addSign(root)
  addBundle(root)
  addShow(root)
}

function addCreate(root: Command): void {
  const create = root
    .command('create')
    .description('make a root key, its certificate and the first trust bundle')
    .requiredOption('--out <dir>', 'the folder to make')
    .requiredOption('--trust-domain <domain>', 'the SPIFFE trust domain, such as corp.example')
    .option('--name <text>', 'common name of the root')
    .addOption(keyTypeOption().default('ec-p256'))
  addPassphraseOptions(addNameRangeOptions(create))
    .addOption(jsonOption())
    .action((options: RootCreateOptions) =>
      perform(async () => (await import('./create.ts')).rootCreate, options),
    )
}

function addSign(root: Command): void {
  const sign = root
    .command('sign')
    .description("sign an issuer's request: look at it, compare the fingerprint, make the intermediate")
    .argument('<request>', 'the request that `mayfly issuer init` wrote')
    .requiredOption('--root <dir>', 'the folder of the root')
    .option('--out <dir>', 'the folder for the answer (default: beside the request)')
    .option('--expect-fingerprint <sha256>', 'SHA-256 of the key, instead of typing it')
    .option('--name <text>', 'common name of the intermediate')
    .option('--life <duration>', 'its life, at most 90d (default: 90d)')
  addPassphraseOptions(addNameRangeOptions(sign))
    .addOption(jsonOption())
    .action((request: string, options: Omit<RootSignOptions, 'request'>) =>
      perform(async () => (await import('./sign.ts')).rootSign, { ...options, request }),
    )
}

function addBundle(root: Command): void {
  const bundle = root
    .command('bundle')
    .description('sign the next trust bundle: other roots, or intermediates to be distrusted')
    .requiredOption('--root <dir>', 'the folder of the root that signs')
    .option('--from <file>', 'the signed bundle to go on from (default: the newest in the folder)')
    .option('--add-root <file>', 'a root to be trusted; may be repeated', collect)
    .option('--remove-root <file|sha256>', 'a root to be trusted no longer; may be repeated', collect)
    .option('--distrust <file|sha256>', 'an intermediate to be distrusted; may be repeated', collect)
    .option(
      '--forget <file|sha256>',
      'an expired intermediate to take off the list; may be repeated',
      collect,
    )
  addPassphraseOptions(bundle)
    .addOption(jsonOption())
    .action((options: RootBundleOptions) =>
      perform(async () => (await import('./bundle.ts')).rootBundle, options),
    )
}

function addShow(root: Command): void {
  root
    .command('show')
    .description('show a root, its trust bundle and the records of its ceremonies')
    .requiredOption('--root <dir>', 'the folder of the root')
    .addOption(jsonOption())
    .action((options: RootShowOptions) => perform(async () => (await import('./show.ts')).rootShow, options))
}

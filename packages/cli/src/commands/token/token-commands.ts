import type { Command } from 'commander'
import { addAdminOptions, addIdentityOptions, jsonOption } from '../options.ts'
import { perform } from '../perform.ts'
import type { TokenCreateOptions } from './create.ts'
import type { TokenListOptions } from './list.ts'
import type { TokenRevokeOptions } from './revoke.ts'

/** `mayfly token`: one-time permissions to join. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('one-time permissions for hosts to join')
  const create = token
    .command('create')
    .description('make a token for an identity; with names, the identity too. Prints the token alone')
    .argument('<identity>', 'the name of the identity, such as web-1')
    .option('--life <duration>', 'how long it may be used (default: what the issuer is configured for)')
  addAdminOptions(addIdentityOptions(create))
    .addOption(jsonOption())
    .action((identity: string, options: Omit<TokenCreateOptions, 'identity'>) =>
      perform(async () => (await import('./create.ts')).tokenCreate, { ...options, identity }),
    )
  addAdminOptions(token.command('list').description('list the tokens'))
    .addOption(jsonOption())
    .action((options: TokenListOptions) =>
      perform(async () => (await import('./list.ts')).tokenList, options),
    )
  addAdminOptions(
    token.command('revoke').description('revoke a token').argument('<jti>', 'its id, from the list'),
  )
    .addOption(jsonOption())
    .action((jti: string, options: Omit<TokenRevokeOptions, 'jti'>) =>
      perform(async () => (await import('./revoke.ts')).tokenRevoke, { ...options, jti }),
    )
}

import { type Command, Option } from 'commander'
import { addAdminOptions, jsonOption } from '../options.ts'
import { perform } from '../perform.ts'
import type { AuditExportOptions } from './export.ts'
import type { AuditTailOptions } from './tail.ts'
import type { AuditVerifyOptions } from './verify.ts'

/** `mayfly audit`: what was asked of the issuer, and what came of it. */
export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description("the issuer's history: every attempt, refused or not")
  const verify = audit
    .command('verify')
    .description('check that no record was changed, removed or put in, and that the signed end is there')
    .option('--head <file>', 'a signed end of the history that a host or you kept, to be found in it')
  addAdminOptions(verify)
    .addOption(jsonOption())
    .action((options: AuditVerifyOptions) =>
      perform(async () => (await import('./verify.ts')).auditVerify, options),
    )
  const exported = audit
    .command('export')
    .description('print the records as JSON lines, with number and hash of each')
    .option('--since <time>', 'only from then on: 2026-01-15, 2026-01-15T12:00:00Z, or an age such as 24h')
    .option('--identity <name>', 'only what concerns this identity')
  addAdminOptions(exported)
    .addOption(jsonOption())
    .action((options: AuditExportOptions) =>
      perform(async () => (await import('./export.ts')).auditExport, options),
    )
  const tail = audit
    .command('tail')
    .description('show the newest records, and each new one as it comes, until interrupted')
    .addOption(new Option('--lines <number>', 'how many of the newest').default('10'))
    .option('--no-follow', 'end after those')
  addAdminOptions(tail)
    .addOption(jsonOption())
    .action((options: AuditTailOptions) =>
      perform(async () => (await import('./tail.ts')).auditTail, options),
    )
}

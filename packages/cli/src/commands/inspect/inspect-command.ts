import type { Command } from 'commander'
import { jsonOption } from '../options.ts'
import { perform } from '../perform.ts'
import type { InspectOptions } from './inspect.ts'

/** `mayfly inspect`: looks at anything that Mayfly makes. */
export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('show a certificate, chain, request, trust bundle or token, or what a live server presents')
    .argument('<file|url>', 'a file, - for standard input, or https://host:port')
    .option('--bundle <file>', 'a trust bundle (signed, or PEM) to verify against')
    .option('--server-name <name>', 'the name to ask a live server for (default: the host)')
    .addOption(jsonOption())
    .action((subject: string, options: Omit<InspectOptions, 'subject'>) =>
      perform(async () => (await import('./inspect.ts')).inspect, { ...options, subject }),
    )
}

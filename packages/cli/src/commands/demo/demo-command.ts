import type { Command } from 'commander'
import { perform } from '../perform.ts'
import type { DemoCommandOptions } from './demo.ts'

/** `mayfly demo`, and the programs that it starts as processes of their own. */
export function addDemoCommand(program: Command): void {
  const demo = program
    .command('demo')
    .description('run a whole fleet on this machine: ceremony, issuer, hosts, traffic, rotations, attacks')
    .option('--keep <dir>', 'make this folder and leave the set-up in it, for playing')
    .action((options: DemoCommandOptions) => perform(async () => (await import('./demo.ts')).demo, options))
  for (const part of ['caller', 'service'] as const) {
    demo
      .command(part, { hidden: true })
      .argument('<file>')
      .action((file: string) => perform(async () => (await import('./demo.ts')).demoPart, { part, file }))
  }
}

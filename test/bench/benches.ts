import type { Bench } from './figure.ts'

/** Loads a bench in the process that measures. */
export type LoadBench = () => Promise<Bench>

/** Every bench, in the order in which they run, by the name that its figures begin with. */
export const benches: Readonly<Record<string, LoadBench>> = {
  rotation: async () => (await import('./rotation/rotation.ts')).rotation,
  agent: async () => (await import('./agents/one-agent.ts')).oneAgent,
  'agents.fifty': async () => (await import('./agents/fifty-agents.ts')).fiftyAgents,
  issue: async () => (await import('./issuing/issue-speed.ts')).issueSpeed,
  sweep: async () => (await import('./issuing/sweep-speed.ts')).sweepSpeed,
  issuer: async () => (await import('./issuing/issuer-memory.ts')).issuerMemory,
  store: async () => (await import('./store/store-size.ts')).storeSize,
  rekey: async () => (await import('./issuing/rekey-speed.ts')).rekeySpeed,
  renew: async () => (await import('./renewing/renew-speed.ts')).renewSpeed,
  attack: async () => (await import('./attack/overload.ts')).overload,
  simulate: async () => (await import('./simulation.ts')).simulation,
}

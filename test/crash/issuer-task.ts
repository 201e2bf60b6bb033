import type { Policy } from '@mayfly/issuer-daemon'

export type CrashWork =
  | { readonly do: 'enroll'; readonly token: string; readonly keyPem: string }
  | {
      readonly do: 'request'
      readonly keyPem: string
      readonly heldKeyPem: string
      readonly heldChain: string
      readonly immediate: boolean
    }
  | { readonly do: 'sweep' }

export interface CrashDatabase {
  readonly url: string
  readonly leaseSeconds: number
}

/** What an issuer finds at its start. */
export interface CrashPlace {
  readonly state: string
  /** The store, where it is on PostgreSQL; else it is in the state folder. */
  readonly database?: CrashDatabase
  /** SQLite writes all in its thread, as it does what is much. */
  readonly writesInThread?: boolean
}

/** What a child issuer is to do, and at which step it is to die. */
export interface CrashTask extends CrashPlace {
  readonly work: CrashWork
  readonly killAt: string
  /** How it ends there, or stops. */
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

export const crashPassphrase: Uint8Array = new TextEncoder().encode('correct horse battery staple')

export const crashPolicy: Policy = {
  issuerUrl: 'https://issuer.example:8443',
  lifetimeSeconds: 86_400,
  cycleSeconds: 43_200,
  recoveryWindowSeconds: 604_800,
  keyTypes: ['ec-p256'],
  tokenLifetimeSeconds: 900,
  dailyQuota: 1_000,
  retentionSeconds: 604_800,
  sweepChunk: 2,
}

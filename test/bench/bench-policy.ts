import type { Policy } from '@mayfly/issuer-daemon'

/** What an issuer of a bench allows: the defaults, for one type of key. */
export const benchPolicy = {
  lifetimeSeconds: 86_400,
  cycleSeconds: 43_200,
  recoveryWindowSeconds: 604_800,
  keyTypes: ['ec-p256'],
  tokenLifetimeSeconds: 900,
  dailyQuota: 50,
  retentionSeconds: 604_800,
  sweepChunk: 1_000,
} as const satisfies Omit<Policy, 'issuerUrl'>

import type { ExtendedKeyUsage } from '../x509/extension-values.ts'

export const profileNames = ['server', 'client', 'peer'] as const

/** What a leaf is for: to be called, to call, or both. */
export type ProfileName = (typeof profileNames)[number]

export interface Profile {
  readonly name: ProfileName
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[]
}

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  server: { name: 'server', extendedKeyUsage: ['serverAuth'] },
  client: { name: 'client', extendedKeyUsage: ['clientAuth'] },
  peer: { name: 'peer', extendedKeyUsage: ['serverAuth', 'clientAuth'] },
}

/** X.509-SVID 4.4: where a leaf with a SPIFFE ID names purposes, it names both, whatever its profile. */
export const svidExtendedKeyUsage: readonly ExtendedKeyUsage[] = ['serverAuth', 'clientAuth']

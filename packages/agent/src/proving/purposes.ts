import type { ProfileName } from '@mayfly/ca-core'

export type TlsRole = 'server' | 'client'

const purposes = {
  server: ['server'],
  client: ['client'],
  peer: ['server', 'client'],
} as const satisfies Record<ProfileName, readonly TlsRole[]>

/** The ends of a connection at which a certificate of the profile stands. */
export function purposesOf(profile: ProfileName): readonly TlsRole[] {
  return purposes[profile]
}

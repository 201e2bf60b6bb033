import type { ProfileName } from '@mayfly/ca-core'
import type { Material } from '../formats/material.ts'

/** Tries material in a TLS handshake; rejects with the reason if it does not stand. */
export type Handshake = (material: Material, profile: ProfileName) => Promise<void>

/** Leaves the handshake out: for time that is simulated, which OpenSSL does not know. */
export const handshakeOmitted: Handshake = () => Promise.resolve()

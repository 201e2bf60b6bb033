import type { Instant, Name } from '@mayfly/ca-core'
import type { GenerationFile } from '../formats/generation-file.ts'
import type { Material } from '../formats/material.ts'
import type { PortsSight } from '../probing/look-at-ports.ts'

export interface Expectations {
  readonly names: readonly Name[]
  readonly profile: 'server' | 'client' | 'peer'
  readonly now: Instant
}

/**
 * What a certificate is for, as a port: the proof before it is touched, the files that servers read, and the
 * servers themselves. Simulations put virtual servers in its place.
 */
export interface HostServers {
  /** A handshake in memory with the new material. Throws `prove-failed`. */
  prove(material: Material, expected: Expectations): Promise<void>
  /** The files of a generation; the same material gives the same bytes. */
  encode(material: Material): Promise<readonly GenerationFile[]>
  /** Where the server does not run: a sentence that says so, and to start it. Touches nothing; never throws. */
  down(): Promise<string | undefined>
  /** The server's own test of its configuration. Throws `check-failed`. */
  check(): Promise<void>
  /** Tells the server to load what is live now. Throws `reload-failed`. */
  reload(): Promise<void>
  /**
   * Looks at every live port until all serve the leaf of `material`, or for so long that they never will.
   * Gives back the serials seen. Throws `probe-failed`; or `reload-failed`, with `details.because: 'ended'`, where the
   * server has ended at the reload: the next `reload` starts it again, if that can be done.
   */
  probe(material: Material): Promise<readonly string[]>
  /** Looks at every live port between rotations, for seconds at the most. Never throws. */
  look(material: Material): Promise<PortsSight>
}

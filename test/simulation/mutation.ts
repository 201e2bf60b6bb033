import type { HostServers } from '@mayfly/agent'
import type { FileSystem, Random } from '@mayfly/ca-core'
import type { Store } from '@mayfly/issuer-daemon'
import type { IssuerClient } from '../../packages/agent/src/transport/issuer-client.ts'

/** How the ports of a product that is broken on purpose differ from those of the one that is tried. */
export interface Mutation {
  /** What an agent asks its issuers through. */
  readonly client?: (inner: IssuerClient) => IssuerClient
  readonly servers?: (inner: HostServers) => HostServers
  readonly fileSystem?: (inner: FileSystem) => FileSystem
  /** The agents' own; a story's throws for its network and servers are left alone. */
  readonly random?: Random
  /** Beneath the story's own book: what this store lets through, the book has noted. */
  readonly store?: (inner: Store) => Store
  /** Above it: what it keeps to itself, the book never hears of. */
  readonly forgetfulStore?: (inner: Store) => Store
  /** What the issuer draws serials from. */
  readonly issuerRandom?: (inner: Random) => Random
}

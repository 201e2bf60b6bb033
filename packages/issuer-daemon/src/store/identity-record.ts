import type { Instant, ProfileName, Report } from '@mayfly/ca-core'

/** Why an identity may not get certificates. */
export interface Suspension {
  readonly at: Instant
  readonly because: 'operator' | 'lineage-conflict'
  /** Where the requests of a conflict came from: the newest generation's holder first. */
  readonly addresses: readonly string[]
  /** The delegate that suspended it, by name; absent where the owner did, or the issuer. */
  readonly by?: string
}

/** The next public key of a host, waiting for its time. */
export interface StagedKey {
  readonly spki: Uint8Array
  /** SHA-256 of `spki`, lower hex. */
  readonly keyHash: string
  /** The generation whose key signed the request. */
  readonly parentGeneration: number
  readonly stagedAt: Instant
  readonly mintAt: Instant
}

/** The newest key that the head of a lineage has asked for; what it replaced shows two hosts that share the head. */
export interface AskedKey {
  readonly keyHash: string
  /** Of the keys that the head had asked for before, and given up. */
  readonly replaces: readonly string[]
  /** When it was first asked for. */
  readonly at: Instant
}

/** Where an identity's current lineage stands. */
export interface LineagePosition {
  /** Counts the enrolments of the identity that were completed; each starts a lineage. */
  readonly number: number
  /** The newest generation that has signed a request: the only one that may ask. */
  readonly headGeneration: number
  /** When the head signed its first request. */
  readonly headSince: Instant
  /** The newest generation given out; those above the head are unconfirmed. */
  readonly newestGeneration: number
  /** Absent until the head asks. It stays when the key is certified, and goes with the head. */
  readonly asked?: AskedKey
}

/** The newest certificate of an identity, as lists and status show it. */
export interface NewestCertificate {
  readonly serial: string
  readonly generation: number
  readonly notAfter: Instant
}

/** The last request of an identity that was accepted. */
export interface Sighting {
  readonly at: Instant
  readonly address: string
  readonly report?: Report
}

/** Certificates that an identity got on one day. */
export interface QuotaUse {
  /** Days since the Unix epoch, UTC. */
  readonly day: number
  readonly count: number
}

/** What moves of an identity when a generation is given out. */
export interface BegunGeneration {
  /** Of the identity, on which it was decided. */
  readonly version: number
  readonly newestGeneration: number
  readonly quota: QuotaUse
}

/** What of an identity a sweep decides on, whose staged key is due. */
export interface DueIdentity
  extends Pick<IdentityRecord, 'id' | 'version' | 'name' | 'profile' | 'names' | 'quota'> {
  readonly isSuspended: boolean
  /** Absent where its lineage was ended since the key was staged. */
  readonly lineage?: Pick<LineagePosition, 'number' | 'newestGeneration'>
  readonly staged: Pick<StagedKey, 'spki' | 'keyHash' | 'parentGeneration' | 'mintAt'>
}

export interface NewIdentity {
  readonly name: string
  readonly profile: ProfileName
  /** Names that its certificates carry, in text form (`dns:web-1.example`), canonical. */
  readonly names: readonly string[]
  readonly createdAt: Instant
}

/** A named holder of certificates, with its allowed names and the state of its lineage. */
export interface IdentityRecord extends NewIdentity {
  readonly id: number
  /** Grows with every change; a change that was decided on an older version is refused. */
  readonly version: number
  readonly suspension?: Suspension
  /** Lineages ever begun, completed or not. */
  readonly lineagesBegun: number
  /** When the newest token was made that a lineage was begun with; older ones are void. Absent before the first. */
  readonly joinedByTokenOf?: Instant
  /** Absent until the first enrolment is complete, and after the lineage was ended. */
  readonly lineage?: LineagePosition
  readonly staged?: StagedKey
  readonly newest?: NewestCertificate
  readonly seen?: Sighting
  readonly quota: QuotaUse
}

import { type FlattenedJws, type Instant, replacedKeysMax, signedAuditHeadSchema } from '@mayfly/ca-core'
import * as z from 'zod'
import { type Credential, credentialSchema } from './credential.ts'
import {
  generationNumberSchema,
  instantSchema,
  profileSchema,
  serialSchema,
  sha256Schema,
} from './field-schemas.ts'
import { type RefusedIssuer, refusedIssuersSchema } from './refused-issuers.ts'
import { type Setbacks, setbacksSchema } from './setback.ts'
import { type StagedKey, stagedKeySchema } from './staged-key.ts'
import { type WastedKeys, wastedKeysSchema } from './wasted-keys.ts'

/** A set of files in the archive. */
export interface GenerationRecord {
  readonly number: number
  readonly serial: string
  readonly bundleSequence: number
  readonly notAfter: Instant
}

/** Who a lineage belongs to and what every certificate of it must say. */
export interface LineageIdentity {
  /** The certificate's name in the configuration. */
  readonly certificate: string
  /** The identity's name at the issuer. */
  readonly identity: string
  readonly profile: 'server' | 'client' | 'peer'
  /** Names that every certificate of this lineage must carry, as `dns:web-1.example`. */
  readonly names: readonly string[]
  readonly issuerUrls: readonly string[]
  readonly rootFingerprint: string
  readonly enrolledAt: Instant
  /** The id of the token that it began with: whoever enrols with the same one again is told of this lineage. */
  readonly jti?: string
}

/** The latest wish for a renewal that a certificate has come for. */
export interface GrantedWish {
  readonly wish: string
  /** Serial of the head of then; whatever is served after it came later than the wish. Absent where there was none. */
  readonly after?: string
}

/** Everything that the agent must still know after a crash, for one certificate. */
export interface LineageState extends LineageIdentity {
  readonly format: 1
  /** The certificate that signs requests. */
  readonly head: Credential
  /** Minted for us and checked, but not yet seen on the live ports. */
  readonly candidate?: Credential
  readonly staged?: StagedKey
  /**
   * SHA-256 of the keys that may have been asked for under the head and were given up, newest first, and behind them
   * those that were refused. Every request names them: by that the issuer knows this host from a second one with the
   * same head. Goes with the head.
   */
  readonly givenUp?: readonly string[]
  /** Absent where the latest certified key was not given up. */
  readonly wasted?: WastedKeys
  /** Another wish in its file still stands. */
  readonly granted?: GrantedWish
  /** Absent where every issuer's newest certificate was good, and where there is only one issuer. */
  readonly refusedIssuers?: readonly RefusedIssuer[]
  /** Generations in the archive, oldest first. A crash or a full disk may have left the newest without its files. */
  readonly generations: readonly GenerationRecord[]
  /**
   * What the live link points at; after a crash right behind a switch, what it pointed at before. `served` once check,
   * reload and probe have passed.
   */
  readonly live?: { readonly number: number; readonly served: boolean }
  /** No generation number is used twice, not even one that a crash left half written. */
  readonly numberMax: number
  /** Serials that the live ports showed at the latest probe. */
  readonly servedSerials: readonly string[]
  /** What was latest brought to the live ports, and when it was first seen there. */
  readonly lastServed?: { readonly serial: string; readonly at: Instant }
  /** The newest serial that the issuer was told is installed. */
  readonly reportedSerial?: string
  /** The newest end of the issuer's history that it gave out, signed by the authority. */
  readonly auditHead?: FlattenedJws
  readonly setbacks: Setbacks
}

export const lineageStateSchema: z.ZodType<LineageState> = z.strictObject({
  format: z.literal(1),
  certificate: z.string(),
  identity: z.string(),
  profile: profileSchema,
  names: z.array(z.string()),
  issuerUrls: z.array(z.string()).min(1),
  rootFingerprint: sha256Schema,
  enrolledAt: instantSchema,
  jti: z.string().exactOptional(),
  head: credentialSchema,
  candidate: credentialSchema.exactOptional(),
  staged: stagedKeySchema.exactOptional(),
  givenUp: z.array(sha256Schema).exactOptional(),
  wasted: wastedKeysSchema.exactOptional(),
  granted: z.strictObject({ wish: z.string(), after: serialSchema.exactOptional() }).exactOptional(),
  refusedIssuers: refusedIssuersSchema.exactOptional(),
  generations: z.array(
    z.strictObject({
      number: generationNumberSchema,
      serial: serialSchema,
      bundleSequence: z.int().nonnegative(),
      notAfter: instantSchema,
    }),
  ),
  live: z.strictObject({ number: generationNumberSchema, served: z.boolean() }).exactOptional(),
  numberMax: z.int().nonnegative(),
  servedSerials: z.array(serialSchema),
  lastServed: z.strictObject({ serial: serialSchema, at: instantSchema }).exactOptional(),
  reportedSerial: serialSchema.exactOptional(),
  auditHead: signedAuditHeadSchema.exactOptional(),
  setbacks: setbacksSchema,
})

/**
 * The state right after an enrolment was answered, which grants `wish` too.
 * `before` is the lineage that it replaces: its generations stay in the archive and keep their numbers.
 */
export function beginLineage(
  identity: LineageIdentity,
  head: Credential,
  { before, wish }: { readonly before?: LineageState | undefined; readonly wish?: string | undefined } = {},
): LineageState {
  return {
    ...identity,
    format: 1,
    head,
    generations: before?.generations ?? [],
    ...(before?.live !== undefined && { live: before.live }),
    numberMax: before?.numberMax ?? 0,
    servedSerials: before?.servedSerials ?? [],
    ...(before?.auditHead !== undefined && { auditHead: before.auditHead }),
    ...(wish !== undefined && { granted: { wish, ...(before && { after: before.head.serial }) } }),
    setbacks: {},
  }
}

/** The state in which the candidate is the head. What was given up under the head before is over. */
export function withCandidateAsHead(state: LineageState): LineageState {
  const { candidate, givenUp: _, ...rest } = state
  if (candidate === undefined) throw new TypeError('there is no candidate that could become the head')
  return { ...rest, head: candidate }
}

/** The state without the staged key and the candidate, whose key `keyHash` is given up: it is named from now on. */
export function withKeyGivenUp(state: LineageState, keyHash: string): LineageState {
  const { staged: _staged, candidate: _candidate, ...rest } = state
  return { ...rest, givenUp: [keyHash, ...(state.givenUp ?? [])].slice(0, replacedKeysMax - 1) }
}

/**
 * The state without the staged key, which the issuer refuses. It is named as well, because an earlier request for it may
 * have been taken. But what is refused may be refused for days: any number of such keys must not displace the newest that
 * was taken, or the issuer would see two hosts. Given up keys leave room for one.
 */
export function withKeyRefused(state: LineageState, keyHash: string): LineageState {
  const { staged: _staged, ...rest } = state
  return { ...rest, givenUp: [...(state.givenUp ?? []), keyHash].slice(0, replacedKeysMax) }
}

/** The state with these notes of refused issuers in place of those before. */
export function withRefusedIssuers(
  { refusedIssuers: _before, ...rest }: LineageState,
  refusedIssuers: readonly RefusedIssuer[],
): LineageState {
  return refusedIssuers.length === 0 ? rest : { ...rest, refusedIssuers }
}

/** Whether what is live was brought to every port, and no later look has found anything else there. */
export function isServed({ live, setbacks }: LineageState): boolean {
  return live?.served === true && setbacks.look === undefined
}

/** The generation that the live link points at, if it is known to be complete. */
export function liveGeneration(state: LineageState): GenerationRecord | undefined {
  return state.generations.find((generation) => generation.number === state.live?.number)
}

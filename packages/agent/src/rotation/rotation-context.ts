import type { Clock, FileAccess, FileSystem, Name, Random, Trace } from '@mayfly/ca-core'
import { parseNames } from '@mayfly/ca-core'
import type { CertificateSettings } from '../configuration/certificate-settings.ts'
import type { BundleShelf } from '../state/bundle-shelf.ts'
import type { HeldBundle } from '../state/held-bundle.ts'
import type { LineageState } from '../state/lineage-state.ts'
import type { IssuerClient } from '../transport/issuer-client.ts'
import type { HostServers } from './host-servers.ts'
import type { Tell } from './rotation-event.ts'

export interface RotationPorts {
  readonly clock: Clock
  readonly random: Random
  readonly fileSystem: FileSystem
  readonly issuer: IssuerClient
  readonly servers: HostServers
  readonly shelf: BundleShelf
  readonly trace: Trace
  readonly tell: Tell
}

/** The certificate that is kept fresh, as configured. */
export interface RotationSubject {
  readonly name: string
  readonly live: string
  readonly settings: CertificateSettings
  /** Of the files that hold the key. */
  readonly access: FileAccess
  /** The agent's version, for the report. */
  readonly version: string
}

/** What an action works on. `state` and `held` are what was true when the action was planned. */
export interface RotationContext {
  readonly ports: RotationPorts
  readonly subject: RotationSubject
  readonly state: LineageState
  readonly held: HeldBundle
  /** A person's wish for a new certificate that stands. */
  readonly wish: string | undefined
  /** Makes `next` durable; from then on it is the state. Gives it back. */
  save(next: LineageState): Promise<LineageState>
  /** `next` is the state from now on. What is new in it may be lost by a crash; it is saved with what comes next. */
  note(next: LineageState): void
}

/** The names that every certificate must carry: the configuration's word, or else the token's. */
export function expectedNames(subject: RotationSubject, state: LineageState): readonly Name[] {
  return subject.settings.names ?? namesOf(state.names)
}

/** Every state of a lineage holds the same list, and every look compares with it. */
const read = new WeakMap<readonly string[], readonly Name[]>()

function namesOf(texts: readonly string[]): readonly Name[] {
  const names = read.get(texts) ?? parseNames(texts)
  read.set(texts, names)
  return names
}

/** Whom to ask, in order. */
export function issuerUrls(subject: RotationSubject, state: LineageState): readonly string[] {
  return subject.settings.issuers ?? state.issuerUrls
}

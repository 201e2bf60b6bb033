import {
  checkLeafNames,
  checkTrustDomain,
  formatName,
  type Instant,
  MayflyError,
  type ProfileName,
  parseIdentityName,
  parseNames,
} from '@mayfly/ca-core'
import { refusalError } from '../issuing/refusal.ts'
import { suspended } from '../lineage/plan-request.ts'
import type { IdentityRecord, NewIdentity } from '../store/identity-record.ts'

/** Identities that the issuer keeps for itself; no token lets anyone in as one of them. */
export const reservedIdentityNames: readonly string[] = ['issuer']

export type IdentityPlan =
  | { readonly do: 'add'; readonly identity: NewIdentity }
  | { readonly do: 'use'; readonly identity: IdentityRecord }

export interface WantedIdentity {
  readonly identity: string
  readonly profile?: ProfileName
  readonly names?: readonly string[]
}

/** Where and when an identity is made. */
export interface IdentitySetting {
  readonly trustDomain: string
  readonly now: Instant
}

/**
 * An identity made of what the operator said, canonical.
 *
 * @throws MayflyError `name-invalid`, `identity-exists` for the issuer's own; `profile-violation`,
 * `names-not-allowed` for names that no certificate of this issuer can carry
 */
export function newIdentity(
  { name, profile, names }: { name: string; profile: ProfileName; names: readonly string[] },
  { trustDomain, now }: IdentitySetting,
): NewIdentity {
  const identityName = parseIdentityName(name)
  if (reservedIdentityNames.includes(identityName)) {
    throw new MayflyError(
      'identity-exists',
      `The identity ${identityName} is the issuer's own; take another name.`,
    )
  }
  const parsed = parseNames(names)
  if (parsed.length === 0) {
    throw new MayflyError(
      'name-invalid',
      `The identity ${identityName} needs at least one name, such as dns:web-1.example.`,
    )
  }
  checkLeafNames(identityName, parsed)
  checkTrustDomain(identityName, parsed, trustDomain)
  return { name: identityName, profile, names: parsed.map(formatName), createdAt: now }
}

/** Which identity a token is for: the one that exists, if it is what was said of it, or a new one. */
export function planIdentity(
  wanted: WantedIdentity,
  existing: IdentityRecord | undefined,
  setting: IdentitySetting,
): IdentityPlan {
  const { identity: name, profile = 'server', names } = wanted
  if (existing === undefined) {
    if (names === undefined || names.length === 0) throw unknown(parseIdentityName(name))
    return { do: 'add', identity: newIdentity({ name, profile, names }, setting) }
  }
  newIdentity(existing, setting)
  if (existing.suspension !== undefined) throw refusalError(suspended(name))
  const differs =
    (wanted.profile !== undefined && wanted.profile !== existing.profile) ||
    (names !== undefined && names.length > 0 && !sameNames(names, existing.names))
  if (differs) {
    throw new MayflyError(
      'identity-exists',
      `The identity ${name} exists with the profile ${existing.profile} and the names ${existing.names.join(', ')}.`,
    )
  }
  return { do: 'use', identity: existing }
}

function unknown(name: string): MayflyError {
  return new MayflyError(
    'identity-unknown',
    `There is no identity ${name}; give its names, such as dns:${name}.example, to add it.`,
  )
}

function sameNames(wanted: readonly string[], existing: readonly string[]): boolean {
  const canonical = new Set(parseNames(wanted).map(formatName))
  return canonical.size === existing.length && existing.every((name) => canonical.has(name))
}

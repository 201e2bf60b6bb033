import {
  formatName,
  formatNameRange,
  MayflyError,
  type Name,
  type NameRange,
  nameCovers,
  type ProfileName,
  parseName,
  rangeHolds,
} from '@mayfly/ca-core'
import { matchesPattern } from '../identities/text-pattern.ts'

/** What a delegate may be given. Whatever else the administration can do is the owner's alone. */
export const delegatedPowers = ['status', 'identities.read', 'identities.write', 'tokens', 'audit'] as const

export type DelegatedPower = (typeof delegatedPowers)[number]

/** What a route of the administration takes. */
export type AdminPower = DelegatedPower | 'owner'

/** What the holder of an administration socket of its own may do, and to which identities. */
export interface DelegateRights {
  readonly is: 'delegate'
  /** As the audit names it. */
  readonly name: string
  readonly may: readonly DelegatedPower[]
  /** Every name of a certificate must be in one of them. */
  readonly names: readonly NameRange[]
  /** Those of the issuer itself: never its own, whatever its ranges hold. */
  readonly issuerNames: readonly Name[]
  /** The identity's name must match one of them; `*` stands for any characters. */
  readonly identities: readonly string[]
  readonly profiles: readonly ProfileName[]
  readonly tokenLifetimeSecondsMax?: number
  /** Other admins with the same powers over the same identities. */
  readonly alike: readonly string[]
}

/** Who administers, by the socket that it came through. */
export type AdminRights = { readonly is: 'owner' } | DelegateRights

export const ownerRights: AdminRights = { is: 'owner' }

export interface GovernedIdentity {
  readonly name: string
  readonly profile: ProfileName
  readonly names: readonly string[]
}

/** @throws MayflyError `forbidden`, with what it may */
export function requirePower(rights: AdminRights, power: AdminPower): void {
  if (rights.is === 'owner' || (power !== 'owner' && rights.may.includes(power))) return
  const may = rights.may.length === 0 ? 'nothing' : rights.may.join(', ')
  const wanted = power === 'owner' ? 'this is for the owner of the issuer alone' : `this takes "${power}"`
  throw new MayflyError('forbidden', `The admin ${rights.name} may ${may}; ${wanted}.`)
}

/** @throws MayflyError `forbidden`, with what of the identity is not the admin's */
export function requireIdentity(rights: AdminRights, identity: GovernedIdentity): void {
  const reason = whyNot(rights, identity)
  if (reason === undefined) return
  const who = rights.is === 'owner' ? 'owner' : rights.name
  throw new MayflyError(
    'forbidden',
    `The admin ${who} has no say over the identity ${identity.name}: ${reason}.`,
  )
}

export function mayGovern(rights: AdminRights, identity: GovernedIdentity): boolean {
  return whyNot(rights, identity) === undefined
}

/** @throws MayflyError `forbidden` */
export function requireTokenLifetime(rights: AdminRights, lifetimeSeconds: number): void {
  const max = rights.is === 'owner' ? undefined : rights.tokenLifetimeSecondsMax
  if (rights.is === 'owner' || max === undefined || lifetimeSeconds <= max) return
  throw new MayflyError(
    'forbidden',
    `Tokens of the admin ${rights.name} live ${max} s at most, and this one would live ${lifetimeSeconds} s.`,
  )
}

function whyNot(rights: AdminRights, { name, profile, names }: GovernedIdentity): string | undefined {
  if (rights.is === 'owner') return undefined
  const { identities, profiles, names: ranges, issuerNames } = rights
  if (!identities.some((pattern) => matchesPattern(name, pattern))) {
    return `its name is none of ${identities.join(', ')}`
  }
  if (!profiles.includes(profile)) return `its profile ${profile} is none of ${profiles.join(', ')}`
  const wanted = names.map(parseName)
  // Whoever has such a certificate can stand in for the issuer, and be shown the tokens of others.
  const issuers = wanted.filter((one) => issuerNames.some((own) => nameCovers(one, own)))
  if (issuers.length > 0) return `${issuers.map(formatName).join(', ')} stands for the issuer itself`
  const outside = wanted.filter((one) => !ranges.some((range) => rangeHolds(range, one)))
  if (outside.length === 0) return undefined
  const allowed =
    ranges.length === 0 ? 'no names are' : `only names in ${ranges.map(formatNameRange).join(', ')} are`
  return `${allowed} its own, not ${outside.map(formatName).join(', ')}`
}

import {
  addSeconds,
  createEnrolmentToken,
  formatInstant,
  MayflyError,
  type ProfileName,
} from '@mayfly/ca-core'
import { type AdminRights, requireIdentity, requireTokenLifetime } from '../admin/admin-rights.ts'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import { planIdentity } from '../identities/plan-identity.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { Policy } from '../issuing/policy.ts'
import { drawTokenId } from './draw-token-id.ts'

export interface TokenOrder {
  readonly identity: string
  /** Default `server`, for an identity that is added with the token. */
  readonly profile?: ProfileName
  /** Names of an identity that is to be added; for one that exists they may be left out, or must be its own. */
  readonly names?: readonly string[]
  readonly lifetimeSeconds?: number
}

export interface CreatedToken {
  /** Shown once; the store keeps only its `jti`. */
  readonly token: string
  readonly jti: string
  readonly identity: string
  readonly expiresAt: string
}

/**
 * Makes a one-time permission to join as an identity, and the identity itself where there is none yet.
 *
 * @throws MayflyError `name-invalid`, `profile-violation`, `names-not-allowed`, `identity-unknown`, `identity-exists` (with other names or profile),
 * `identity-suspended`, `forbidden`, `token-invalid` (too long a life), `authority-missing`, `store-unavailable`
 */
export async function createToken(
  order: TokenOrder,
  attempt: AuditAttempt,
  ports: IssuerPorts,
  rights: AdminRights,
): Promise<CreatedToken> {
  const { store, clock, random, policy, tokenKey, authority } = ports
  const now = clock.now()
  const plan = planIdentity(order, await store.identity({ name: order.identity }), {
    trustDomain: ports.bundle().bundle.trustDomain,
    now,
  })
  const { identity } = plan
  requireIdentity(rights, identity)
  const lifetimeSeconds = order.lifetimeSeconds ?? defaultLifetime(policy, rights)
  requireTokenLifetime(rights, lifetimeSeconds)
  const jti = drawTokenId(random)
  const token = await createEnrolmentToken({
    keyPair: tokenKey,
    issuerUrl: policy.issuerUrl,
    rootFingerprint: authority().rootFingerprint,
    identity: identity.name,
    profile: identity.profile,
    names: identity.names,
    jti,
    now,
    lifetimeSeconds,
  })
  const expiresAt = addSeconds(now, lifetimeSeconds)
  const [outcome] = await store.commit([
    {
      at: now,
      parts: [
        ...(plan.do === 'add' ? ([{ do: 'add-identity', identity }] as const) : []),
        { do: 'add-token', token: { jti, identity: identity.name, createdAt: now, expiresAt } },
        attempt.ending(now, {
          outcome: 'done',
          identity: identity.name,
          details: { jti, added: plan.do === 'add' },
        }),
      ],
    },
  ])
  if (outcome?.done !== true) {
    throw new MayflyError(
      'identity-exists',
      `The identity ${identity.name} was added at the same moment; ask again.`,
    )
  }
  attempt.concluded()
  return { token, jti, identity: identity.name, expiresAt: formatInstant(expiresAt) }
}

/** What is configured for all, or the most that this admin may give, where that is less. */
function defaultLifetime({ tokenLifetimeSeconds }: Policy, rights: AdminRights): number {
  if (rights.is === 'owner') return tokenLifetimeSeconds
  return Math.min(tokenLifetimeSeconds, rights.tokenLifetimeSecondsMax ?? tokenLifetimeSeconds)
}

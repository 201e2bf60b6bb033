import {
  addSeconds,
  createEnrolmentToken,
  encodeBase64url,
  formatInstant,
  MayflyError,
  type ProfileName,
} from '@mayfly/ca-core'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import { planIdentity } from '../identities/plan-identity.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'

const jtiBytes = 16

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
 * @throws MayflyError `name-invalid`, `identity-unknown`, `identity-exists` (with other names or profile),
 * `identity-suspended`, `token-invalid` (too long a life), `authority-missing`, `store-unavailable`
 */
export async function createToken(
  order: TokenOrder,
  attempt: AuditAttempt,
  ports: IssuerPorts,
): Promise<CreatedToken> {
  const { store, clock, random, policy, tokenKey, authority } = ports
  const now = clock.now()
  const plan = planIdentity(order, await store.identity({ name: order.identity }), now)
  const { identity } = plan
  const lifetimeSeconds = order.lifetimeSeconds ?? policy.tokenLifetimeSeconds
  const jti = encodeBase64url(random.bytes(jtiBytes))
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

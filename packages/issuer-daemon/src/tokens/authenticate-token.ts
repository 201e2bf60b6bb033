import { isMayflyError, verifyEnrolmentToken } from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { SecurityContext } from '../issuing/security-context.ts'

/** Checks a token's signature, issuer and time. Rejects nobody; whether it was used is decided with the enrolment. */
export async function authenticateToken(
  token: string,
  { tokenKey, policy, clock }: Pick<IssuerPorts, 'tokenKey' | 'policy' | 'clock'>,
): Promise<SecurityContext> {
  try {
    const claims = await verifyEnrolmentToken(token, {
      publicKey: tokenKey.publicKey,
      issuerUrl: policy.issuerUrl,
      now: clock.now(),
    })
    return { kind: 'token', claims }
  } catch (error) {
    if (!isMayflyError(error)) throw error
    return { kind: 'failed', error }
  }
}

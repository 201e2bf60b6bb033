import { endpointPaths, endpointUrl, MayflyError } from '@mayfly/ca-core'
import type { Issuer } from '../../issuing/issuer.ts'
import type { Caller, SecurityContext } from '../../issuing/security-context.ts'
import type { Route } from '../route.ts'

type Authenticators = Pick<Issuer, 'authenticateToken' | 'authenticateRequest'>

/**
 * Says who asks at the public API: by the token in the body, or by the signature of the body, whichever
 * the route requires. Nothing else is looked at, neither headers nor the connection.
 */
export function authenticatePublic(
  issuer: Authenticators,
  issuerUrl: string,
  { requires }: Route,
  body: unknown,
  caller: Caller,
): SecurityContext | Promise<SecurityContext> {
  switch (requires) {
    case 'token': {
      const token = tokenIn(body)
      return token === undefined ? tokenMissing : issuer.authenticateToken(token, caller)
    }
    case 'lineage':
      return issuer.authenticateRequest(body, endpointUrl(issuerUrl, endpointPaths.requests), caller)
    case 'nothing':
    case 'admin':
      return nobody
  }
}

const nobody: SecurityContext = { kind: 'anonymous' }

const tokenMissing: SecurityContext = {
  kind: 'failed',
  error: new MayflyError('request-invalid', 'The body has no token.'),
}

function tokenIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('token' in body)) return undefined
  return typeof body.token === 'string' ? body.token : undefined
}

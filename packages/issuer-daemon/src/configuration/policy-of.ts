import type { Policy } from '../issuing/policy.ts'
import type { IssuerConfiguration } from './issuer-configuration.ts'

/** What the configuration says about issuing, in the words of the use cases. */
export function policyOf({ url, issuing, sweep, audit }: IssuerConfiguration): Policy {
  return {
    issuerUrl: url,
    ...issuing,
    auditRetentionSeconds: audit.retentionSeconds,
    sweepChunk: sweep.chunk,
  }
}

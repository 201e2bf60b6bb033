import type { Policy } from '../issuing/policy.ts'
import type { IssuerConfiguration } from './issuer-configuration.ts'

/** What the configuration says about issuing, in the words of the use cases. */
export function policyOf({ url, issuing, sweep }: IssuerConfiguration): Policy {
  return { issuerUrl: url, ...issuing, sweepChunk: sweep.chunk }
}

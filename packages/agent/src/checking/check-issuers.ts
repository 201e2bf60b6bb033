import { type TrustBundle, verifyTrustBundle } from '@mayfly/ca-core'
import { createIssuerClient } from '../transport/issuer-client.ts'
import type { CheckPorts } from './check-ports.ts'
import { type Finding, good, type Outcome, tryOut, warning } from './finding.ts'

/** Leaves are backdated by five minutes, and signed requests live as long. */
const offsetSecondsMax = 300
const offsetSecondsQuiet = 60

/** Whether each issuer answers under the bundle that is held, with a bundle that follows it, and in our time. */
export async function checkIssuers(
  certificate: string,
  urls: readonly string[],
  bundle: TrustBundle,
  ports: CheckPorts,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const url of urls) {
    const client = createIssuerClient(ports.transport, ports.clock)
    const asked = await tryOut({ check: 'issuer', certificate }, async () => {
      const answer = await client.bundle(url, bundle)
      if (answer.is === 'unchanged') return good(`${url} answers; its trust bundle is the one that is held`)
      const { sequence } = await verifyTrustBundle(answer.text, { held: bundle })
      return good(`${url} answers with trust bundle ${sequence}, signed by a root that is trusted`)
    })
    findings.push(...asked)
    const answered = asked.every(({ result }) => result === 'good')
    if (answered)
      findings.push({ check: 'clock', certificate, ...clockOutcome(client.clockOffsetSeconds(), url) })
  }
  return findings
}

function clockOutcome(offsetSeconds: number, url: string): Outcome {
  const size = Math.abs(offsetSeconds)
  if (size <= offsetSecondsQuiet) return good(`the clock agrees with ${url}`)
  const direction = offsetSeconds > 0 ? 'ahead of' : 'behind'
  const effect =
    size > offsetSecondsMax
      ? 'New certificates may not be valid yet, or look expired.'
      : 'Over 300 s it will hold up rotations.'
  return warning('clock-wrong', `the clock of this host is ${size} s ${direction} ${url}. Set it. ${effect}`)
}

import { type ErrorCode, formatInstant, formatName, parseNames, sameName } from '@mayfly/ca-core'
import type { CertificateSettings } from '../configuration/certificate-settings.ts'
import type { HeldBundle } from '../state/held-bundle.ts'
import type { LineageState } from '../state/lineage-state.ts'
import { onlyAPersonHelps } from '../state/setback.ts'
import { identityAlarms } from '../status/certificate-alarms.ts'
import { withAdvice } from '../status/remedies.ts'
import { failed, good, type Outcome, warning } from './finding.ts'

/** How long after its end a certificate may still ask, unless the issuer says otherwise. */
const recoveryMs = 7 * 86_400_000

/** Whether the lineage can go on as it is configured. Pure. */
export function checkEnrolment(
  state: LineageState,
  settings: CertificateSettings,
  now: number,
): readonly Outcome[] {
  return [
    ...identityAlarms(state, settings.identity).map(({ code, message }) => warning(code, message)),
    ...checkRefusal(state),
    ...checkProof(state),
    checkNames(state, settings),
    checkHead(state, now),
  ]
}

/** Refused as long as nobody changes what is asked for, or what the issuer allows. */
const untilChanged: readonly ErrorCode[] = [...onlyAPersonHelps, 'key-type-unsupported', 'request-other-url']

/** Asking once more would tell: but that is a request, and a check makes none. */
function checkRefusal({ setbacks: { ask } }: LineageState): Outcome[] {
  if (ask === undefined || !untilChanged.includes(ask.code)) return []
  const message = `the issuer refused the last request, at ${formatInstant(ask.at)}: ${ask.message}`
  return [failed(ask.code, withAdvice(ask.code, message))]
}

/** A certificate that failed its proof is not brought to a server, and a check has none of its own to prove. */
function checkProof({ setbacks: { install, restore } }: LineageState): Outcome[] {
  return [install, restore].flatMap((setback) => {
    if (setback?.code !== 'prove-failed') return []
    const message = `the last certificate failed its proof, at ${formatInstant(setback.at)}: ${setback.message}`
    return [failed(setback.code, withAdvice(setback.code, message))]
  })
}

function checkNames(
  { names, identity, setbacks: { ask } }: LineageState,
  settings: CertificateSettings,
): Outcome {
  const allowed = parseNames([...names])
  const others = (settings.names ?? []).filter((name) => !allowed.some((one) => sameName(one, name)))
  if (others.length === 0) return good(`enrolled as ${identity} for ${names.join(', ')}`)
  // Whether the issuer allows them by now, only the answer to a request tells.
  const tell = ask?.code === 'names-not-allowed' ? failed : warning
  return tell(
    'names-not-allowed',
    `names asks for ${others.map(formatName).join(', ')}, which ${identity} was enrolled without. Let the issuer allow them (mayfly identity show ${identity} there), or take them out of agent.yaml.`,
  )
}

function checkHead({ head, certificate }: LineageState, now: number): Outcome {
  const until = formatInstant(head.notAfter)
  if (now < head.notAfter) return good(`the certificate is good until ${until}`)
  if (now < head.notAfter + recoveryMs)
    return warning(
      'certificate-expired',
      `the certificate expired at ${until}; it can still be renewed. Start the agent.`,
    )
  return failed(
    'lineage-expired',
    `the certificate expired at ${until}, too long ago to be renewed. Run \`mayfly token create\` at the issuer, then \`mayfly agent enroll TOKEN --name ${certificate}\` here.`,
  )
}

/** Whether the bundle that is held vouches for anything. Pure. */
export function checkHeldBundle(held: HeldBundle | undefined): Outcome {
  if (held === undefined)
    return warning('bundle-invalid', 'no trust bundle is held; the agent gets it anew from the issuer.')
  const { sequence, roots } = held.bundle
  return good(`trust bundle ${sequence} with ${roots.length} root(s) is held`)
}

import type { Track } from '../state/setback.ts'
import { adoptCandidate } from './actions/adopt-candidate.ts'
import { fetchCertificate } from './actions/fetch-certificate.ts'
import { installGeneration } from './actions/install-generation.ts'
import { lookAtLivePorts } from './actions/look-at-ports.ts'
import { makeKey } from './actions/make-key.ts'
import { putBackFiles } from './actions/put-back-files.ts'
import { refreshBundle } from './actions/refresh-bundle.ts'
import { requestCertificate } from './actions/request-certificate.ts'
import { serveGeneration } from './actions/serve-generation.ts'
import type { Holder, RotationAction, Wait } from './rotation-action.ts'
import type { RotationContext } from './rotation-context.ts'

export type Deed = Exclude<RotationAction, Wait>

/** Does one action of the plan. All that it achieved is durable when it returns, or throws. */
export function carryOut(context: RotationContext, deed: Deed): Promise<void> {
  switch (deed.do) {
    case 'refresh-bundle':
      return refreshBundle(context)
    case 'make-key':
      return makeKey(context, deed.immediate)
    case 'request':
      return requestCertificate(context, deed.immediate)
    case 'fetch':
      return fetchCertificate(context)
    case 'adopt':
      return adoptCandidate(context, deed.because)
    case 'install':
      return installGeneration(context, deed)
    case 'put-back':
      return putBackFiles(context, deed.holder)
    case 'serve':
      return serveGeneration(context, deed.holder)
    case 'look':
      return lookAtLivePorts(context)
    default:
      return assertNever(deed)
  }
}

/** Whose failures in a row an action adds to, or ends. */
export function trackOf(deed: Deed): Track {
  switch (deed.do) {
    case 'refresh-bundle':
      return 'bundle'
    case 'make-key':
    case 'request':
      return 'ask'
    case 'fetch':
      return 'fetch'
    case 'adopt':
      return 'restore'
    case 'look':
      return 'look'
    case 'install':
    case 'put-back':
    case 'serve':
      return trackOfHolder(deed.holder)
    default:
      return assertNever(deed)
  }
}

const enders: readonly Deed['do'][] = ['refresh-bundle', 'request', 'fetch', 'serve', 'look']

/** Actions after which the track is well again; a file written is not yet a certificate served. */
export function endsSetback(deed: Deed): boolean {
  return enders.includes(deed.do)
}

function trackOfHolder(holder: Holder): Track {
  return holder === 'candidate' ? 'install' : 'restore'
}

function assertNever(value: never): never {
  throw new TypeError(`unknown action ${JSON.stringify(value)}`)
}

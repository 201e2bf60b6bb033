import type { Agent } from 'node:https'
import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { MayflyError } from '@mayfly/ca-core'
import type { Identity } from '@mayfly/client'
import { openIdentity } from '@mayfly/client'
import { systemClock } from '@mayfly/platform'
import type { Sighting } from '../fleet/fleet-view.ts'
import { createPace } from './call-pace.ts'

/** What the caller is told in its file. */
export interface CallerSettings {
  readonly live: string
  readonly callsPerSecond: number
  readonly targets: readonly { readonly host: string; readonly url: string }[]
}

type Tell = (sighting: Sighting) => void

/** How often the counts are told. */
const reportEveryMs = 250

/**
 * Calls every target at the same rate until `signal` is aborted: in turn over a kept connection and over one
 * of its own. A machine that can't keep the rate gets fewer calls, not ever more at once. Tells what it saw; a
 * failed call is never tried again here.
 */
export async function runCaller(settings: CallerSettings, tell: Tell, signal: AbortSignal): Promise<void> {
  const identity = await openIdentity(settings.live)
  const fresh = identity.httpsAgent({ keepAlive: false })
  await Promise.all(
    settings.targets.map((target) => callOver(target, { identity, fresh, settings, tell, signal })),
  )
  await identity.close()
}

interface Calling {
  readonly identity: Identity
  readonly fresh: Agent
  readonly settings: CallerSettings
  readonly tell: Tell
  readonly signal: AbortSignal
}

async function callOver(target: CallerSettings['targets'][number], calling: Calling): Promise<void> {
  const { tell, signal, settings } = calling
  const { host, url } = target
  const startedAt = systemClock.monotonic()
  const running = new Set<Promise<void>>()
  const pace = createPace(settings.callsPerSecond)
  let begun = 0
  let calls = 0
  let failures = 0
  let toldAt = 0
  const once = async (kept: boolean): Promise<void> => {
    try {
      await (kept ? callKept(url, calling) : callFresh(host, url, calling))
    } catch (error) {
      failures += 1
      tell({ type: 'failure', host, reason: describe(error) })
    }
    calls += 1
  }
  while (!signal.aborted) {
    const elapsedMs = systemClock.monotonic() - startedAt
    for (let count = pace(elapsedMs, running.size); count > 0; count -= 1) {
      const call = once(begun % 2 === 0).finally(() => running.delete(call))
      running.add(call)
      begun += 1
    }
    if (elapsedMs - toldAt >= reportEveryMs) {
      toldAt = elapsedMs
      tell({ type: 'calls', host, calls, failures })
    }
    await systemClock.sleep(1000 / settings.callsPerSecond, signal).catch(() => undefined)
  }
  await Promise.all(running)
  tell({ type: 'calls', host, calls, failures })
}

async function callKept(url: string, { identity }: Calling): Promise<void> {
  const answer = await identity.fetch(url)
  await answer.text()
  requireOk(answer.status)
}

/** A call over a connection of its own, which shows which certificate the port serves. */
function callFresh(host: string, url: string, { fresh, tell }: Calling): Promise<void> {
  return new Promise((resolve, reject) => {
    request(url, { agent: fresh }, (answer) => {
      const certificate = (answer.socket as TLSSocket).getPeerX509Certificate()
      if (certificate !== undefined) {
        const serial = certificate.serialNumber.toLowerCase()
        tell({ type: 'serial', host, serial, notAfter: certificate.validToDate.getTime() })
      }
      answer.resume()
      answer.once('error', reject)
      answer.once('end', () => {
        try {
          resolve(requireOk(answer.statusCode ?? 0))
        } catch (error) {
          reject(error)
        }
      })
    })
      .once('error', reject)
      .end()
  })
}

function requireOk(status: number): void {
  if (status !== 200) throw new MayflyError('answer-invalid', `answered with status ${status}`)
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

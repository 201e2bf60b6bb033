import { once } from 'node:events'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import {
  dayMs,
  hourMs,
  type Instant,
  MayflyError,
  minuteMs,
  secondMs,
  type TrustBundle,
} from '@mayfly/ca-core'
import { checkPeerApartFromTime } from './check-peer.ts'
import { tlsOptions } from './tls-options.ts'

/** Below it, clocks agree well enough: then it is the certificate that is wrong. */
const differenceMsMin = 2 * minuteMs
const askingMsMax = 10_000
export interface ClockQuestion {
  readonly url: string
  readonly trust: TrustBundle
  /** What this host's clock shows. */
  readonly now: Instant
  readonly lookup?: LookupFunction
}

/**
 * Why an issuer's certificate seems to be of another time: its clock is compared with ours. Its word is taken only
 * for what a person is told, and only where its certificate holds but for the time. `undefined` where it does not, or
 * where nothing can be learnt.
 */
export async function explainOtherTime(question: ClockQuestion): Promise<MayflyError | undefined> {
  const theirs = await askTime(question).catch(() => undefined)
  return theirs === undefined ? undefined : describeOtherTime(question, theirs)
}

/** The sentence; `theirs` is what the issuer's clock shows. */
export function describeOtherTime(
  { url, now }: Pick<ClockQuestion, 'url' | 'now'>,
  theirs: Instant,
): MayflyError {
  const { origin } = new URL(url)
  const difference = now - theirs
  if (Math.abs(difference) < differenceMsMin) {
    return new MayflyError(
      'transport-failed',
      `${url} cannot be reached: the issuer's own certificate is not valid at this time, though the clocks agree; look at the issuer`,
      { details: { url } },
    )
  }
  const [direction, seems] = difference > 0 ? ['ahead of', 'have expired'] : ['behind', 'be not valid yet']
  return new MayflyError(
    'clock-wrong',
    `the clock of this host is ${spell(Math.abs(difference))} ${direction} the clock of ${origin}, so that the issuer's certificate seems to ${seems}. Set the clock of the one that is wrong (\`timedatectl\` shows whether this one is synchronised); the agent then goes on by itself.`,
    { details: { url, offsetSeconds: Math.round(difference / secondMs) } },
  )
}

/** The `Date` of an answer over a connection whose certificate holds but for the time. */
async function askTime({ url, trust, lookup }: ClockQuestion): Promise<Instant | undefined> {
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const signal = AbortSignal.timeout(askingMsMax)
  const socket = connect({
    ...tlsOptions,
    host,
    port: Number(port || '443'),
    ...(isIP(host) === 0 && { servername: host }),
    ...(lookup !== undefined && { lookup }),
    rejectUnauthorized: false,
  })
  try {
    await once(socket, 'secureConnect', { signal })
    if (checkPeerApartFromTime(host, socket.getPeerCertificate(true), trust) !== undefined) return undefined
    return await dateOf(url, socket, signal)
  } finally {
    socket.destroy()
  }
}

async function dateOf(url: string, socket: TLSSocket, signal: AbortSignal): Promise<Instant | undefined> {
  const outgoing = request(url, { method: 'GET', createConnection: () => socket, signal })
  outgoing.end()
  const [answer] = (await once(outgoing, 'response', { signal })) as [{ headers: { date?: string } }]
  outgoing.on('error', () => undefined)
  const date = Date.parse(answer.headers.date ?? '')
  return Number.isNaN(date) ? undefined : date
}

/** The two largest units: `3 d 2 h`. */
function spell(milliseconds: number): string {
  const units = [
    ['d', dayMs],
    ['h', hourMs],
    ['min', minuteMs],
    ['s', secondMs],
  ] as const
  const first = units.findIndex(([, size]) => milliseconds >= size)
  let left = milliseconds
  return units
    .slice(first, first + 2)
    .map(([unit, size]) => {
      const count = Math.floor(left / size)
      left -= count * size
      return `${count} ${unit}`
    })
    .filter((text, index) => index === 0 || !text.startsWith('0 '))
    .join(' ')
}

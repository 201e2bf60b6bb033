import {
  bundleCharactersMax,
  type Clock,
  chainCharactersMax,
  type EnrolmentBody,
  endpointPaths,
  endpointUrl,
  type FlattenedJws,
  type IssuerAnswer,
  MayflyError,
  mediaTypes,
  parseBundleFreshness,
  parseIssuerAnswer,
  parseTaintedNotice,
  secondMs,
  type TrustBundle,
  taintedHeader,
} from '@mayfly/ca-core'
import { answerError, mediaTypeOf, retryAfterSeconds } from './answer-error.ts'
import type { Transport, WireRequest, WireResponse } from './transport.ts'

/** An answer with a chain in JSON, whose line ends are escaped. */
const answerBytesMax = 2 * chainCharactersMax

export type BundleAnswer = {
  /** Intermediates that the issuer says are tainted. */
  readonly tainted: readonly string[]
  /** How long the issuer says that this look holds, where it does. */
  readonly maxAgeSeconds: number | undefined
} & ({ readonly is: 'unchanged' } | { readonly is: 'text'; readonly text: string })

export type CertificateAnswer =
  | { readonly is: 'minted'; readonly chainPem: string }
  | { readonly is: 'not-minted'; readonly afterSeconds: number | undefined }

/** The issuer's public API, one method for each message. All throw `MayflyError`s with advice on when to retry. */
export interface IssuerClient {
  bundle(issuerUrl: string, trust: TrustBundle): Promise<BundleAnswer>
  /** For a host that trusts nobody yet; what comes must prove itself. */
  unverifiedBundle(issuerUrl: string): Promise<string>
  enroll(issuerUrl: string, body: EnrolmentBody, trust: TrustBundle): Promise<IssuerAnswer>
  request(issuerUrl: string, jws: FlattenedJws, trust: TrustBundle): Promise<IssuerAnswer>
  certificate(issuerUrl: string, keyHash: string, trust: TrustBundle): Promise<CertificateAnswer>
  /** This host's clock less the issuer's, as the latest answer showed it; 0 before the first. */
  clockOffsetSeconds(): number
}

/** A client over `transport`; `clock` is what the issuer's time is compared with. */
export function createIssuerClient(transport: Transport, clock: Clock): IssuerClient {
  let offsetSeconds = 0

  const exchange = async (
    url: string,
    trust: TrustBundle,
    bytesMax: number,
    message: Pick<WireRequest, 'method' | 'headers' | 'body'>,
  ): Promise<WireResponse> => {
    const response = await transport.exchange({ ...message, url, bodyBytesMax: bytesMax }, trust)
    offsetSeconds = measureOffset(response, clock.now()) ?? offsetSeconds
    return response
  }

  const post = async (
    url: string,
    type: string,
    value: unknown,
    trust: TrustBundle,
  ): Promise<IssuerAnswer> => {
    const body = JSON.stringify(value)
    const message = { method: 'POST', headers: { 'content-type': type }, body } as const
    const response = await exchange(url, trust, answerBytesMax, message)
    return parseIssuerAnswer(parseJson(textOf(response, mediaTypes.json, url), url))
  }

  return {
    async bundle(issuerUrl, trust) {
      const url = endpointUrl(issuerUrl, endpointPaths.bundle)
      const headers = { 'if-none-match': `"${trust.sequence}"` }
      const response = await exchange(url, trust, bundleCharactersMax, { method: 'GET', headers })
      const tainted = parseTaintedNotice(response.headers[taintedHeader])
      const maxAgeSeconds = parseBundleFreshness(response.headers['cache-control'])
      if (response.status === 304) return { is: 'unchanged', tainted, maxAgeSeconds }
      return { is: 'text', text: textOf(response, mediaTypes.jws, url), tainted, maxAgeSeconds }
    },
    async unverifiedBundle(issuerUrl) {
      const url = endpointUrl(issuerUrl, endpointPaths.bundle)
      return textOf(await transport.getUnverified(url, bundleCharactersMax), mediaTypes.jws, url)
    },
    enroll: (issuerUrl, body, trust) =>
      post(endpointUrl(issuerUrl, endpointPaths.enrollments), mediaTypes.json, body, trust),
    request: (issuerUrl, jws, trust) =>
      post(endpointUrl(issuerUrl, endpointPaths.requests), mediaTypes.jws, jws, trust),
    async certificate(issuerUrl, keyHash, trust) {
      const url = endpointUrl(issuerUrl, `${endpointPaths.certificates}/${keyHash}`)
      const response = await exchange(url, trust, chainCharactersMax, { method: 'GET', headers: {} })
      if (response.status === 404) return { is: 'not-minted', afterSeconds: retryAfterSeconds(response) }
      return { is: 'minted', chainPem: textOf(response, mediaTypes.pemChain, url) }
    },
    clockOffsetSeconds: () => offsetSeconds,
  }
}

function textOf(response: WireResponse, mediaType: string, url: string): string {
  if (response.status < 200 || response.status > 299) throw answerError(response, url)
  const found = mediaTypeOf(response)
  if (found !== mediaType) {
    throw new MayflyError(
      'answer-invalid',
      `${url} answered with ${found || 'no media type'} instead of ${mediaType}`,
      {
        details: { url },
      },
    )
  }
  return new TextDecoder().decode(response.body)
}

function parseJson(text: string, url: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new MayflyError('answer-invalid', `${url} answered with broken JSON`, { details: { url } })
  }
}

/** RFC 9110 6.6.1: the Date header is exact to a second; half of one is its middle. */
function measureOffset(response: WireResponse, now: number): number | undefined {
  const date = Date.parse(response.headers.date ?? '')
  if (Number.isNaN(date)) return undefined
  const seconds = (now - date) / secondMs - 0.5
  return Math.abs(seconds) < 1 ? 0 : Math.round(seconds)
}

import {
  errorCatalogue,
  MayflyError,
  mediaTypes,
  type Problem,
  parseProblem,
  type RetryAdvice,
} from '@mayfly/ca-core'
import type { WireResponse } from './transport.ts'

/** An issuer, or a proxy on the way, that asks for more patience than this is asked again all the same. */
const retryAfterSecondsMax = 86_400

/** The error that an answer with a status other than 2xx tells of. */
export function answerError(response: WireResponse, url: string): MayflyError {
  const afterSeconds = retryAfterSeconds(response)
  const problem = problemOf(response)
  if (problem === undefined) {
    return new MayflyError('answer-invalid', `${url} answered ${response.status} and no reason`, {
      details: { url, status: response.status },
      ...(afterSeconds !== undefined && { retry: { afterSeconds } }),
    })
  }
  return new MayflyError(problem.code, problem.detail, {
    details: { url, status: response.status, requestId: problem.requestId },
    retry: afterSeconds === undefined ? adviceOf(problem) : { afterSeconds },
  })
}

/** RFC 9110 10.2.3: seconds or a date; a date means nothing to a host whose clock may be off, and is not used. */
export function retryAfterSeconds(response: WireResponse): number | undefined {
  const text = response.headers['retry-after']
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined
  return Math.min(Number(text), retryAfterSecondsMax)
}

/** The media type of an answer, without its parameters. */
export function mediaTypeOf(response: WireResponse): string {
  return (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function adviceOf(problem: Problem): RetryAdvice {
  return errorCatalogue[problem.code].retry
}

function problemOf(response: WireResponse): Problem | undefined {
  if (mediaTypeOf(response) !== mediaTypes.problem) return undefined
  try {
    return parseProblem(JSON.parse(new TextDecoder().decode(response.body)))
  } catch {
    return undefined
  }
}

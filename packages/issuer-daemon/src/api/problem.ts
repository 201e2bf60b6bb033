import {
  type ErrorCode,
  errorCatalogue,
  isMayflyError,
  MayflyError,
  mediaTypes,
  type Problem,
  problemTextCharactersMax,
  problemType,
  type RetryAdvice,
} from '@mayfly/ca-core'
import { errorStatus } from './error-status.ts'

export interface ProblemAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Problem
}

/** RFC 9457. What the caller is told of `error`: a code and a sentence, and nothing of the inside. */
export function problemAnswer(error: MayflyError, requestId: string): ProblemAnswer {
  const status = errorStatus[error.code]
  const { title } = errorCatalogue[error.code]
  return {
    status,
    headers: problemHeaders(status, error),
    body: {
      type: problemType(error.code),
      title,
      status,
      // From 500 on the message may name files and paths of this host; they stay in the log.
      detail: status >= 500 ? `${title}.` : shortened(error.message),
      code: error.code,
      requestId,
    },
  }
}

/** Names that a request asked for are quoted in refusals, and a reader takes no detail without end. */
function shortened(message: string): string {
  return message.length <= problemTextCharactersMax
    ? message
    : `${message.slice(0, problemTextCharactersMax - 1)}…`
}

/** Everything that is thrown on the request path, as a documented error; the unknown is `internal`. */
export function toMayflyError(error: unknown): MayflyError {
  if (isMayflyError(error)) return error
  const code = fastifyCodes[(error as { code?: string } | undefined)?.code ?? '']
  if (code !== undefined) return new MayflyError(code, fastifyMessages[code] ?? errorCatalogue[code].title)
  return new MayflyError('internal', 'Something inside went wrong.', { cause: error })
}

/** What fastify itself refuses before a hook of ours is asked. */
const fastifyCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request-invalid',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type-unsupported',
  FST_ERR_CTP_EMPTY_TYPE: 'media-type-unsupported',
  // Of a QUERY (RFC 10008), which nothing here takes.
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: 'media-type-unsupported',
}

const fastifyMessages: Partial<Record<ErrorCode, string>> = {
  'body-too-large': 'The body is larger than this URL takes.',
  'request-invalid': 'The body is shorter or longer than its Content-Length says.',
  'media-type-unsupported': 'This URL does not take this media type.',
}

/** Of a 503 whose cause says no time: as long as for a store that cannot be written. */
const retryAfterSecondsDefault = 10

function problemHeaders(status: number, { retry }: MayflyError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': mediaTypes.problem, 'cache-control': 'no-store' }
  const seconds = retryAfterSeconds(retry) ?? (status === 503 ? retryAfterSecondsDefault : undefined)
  if (seconds !== undefined) headers['retry-after'] = String(seconds)
  // RFC 9110 15.5.2: a 401 names what would be accepted.
  if (status === 401) headers['www-authenticate'] = 'Mayfly realm="issuer"'
  return headers
}

function retryAfterSeconds(retry: RetryAdvice): number | undefined {
  return typeof retry === 'object' ? Math.max(1, Math.ceil(retry.afterSeconds)) : undefined
}

import * as z from 'zod'
import { type ErrorCode, errorCodes } from '../errors/error-catalogue.ts'
import { parseMessage } from './parse-message.ts'

/** Long enough for any sentence of Mayfly's, short enough for a log line. */
export const problemTextCharactersMax = 2_048

/** An error on the wire (RFC 9457), with the stable `code` and the id under which the issuer logged it. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly requestId: string
}

/** Open to further members, as RFC 9457 3.2 asks of readers. */
export const problemSchema: z.ZodType<Problem> = z.object({
  type: z.string().max(problemTextCharactersMax),
  title: z.string().max(problemTextCharactersMax),
  status: z.int().min(400).max(599),
  detail: z.string().max(problemTextCharactersMax),
  code: z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]),
  requestId: z.string().max(128),
})

/** The `type` of a problem: a URN, because Mayfly has no web site to point to. */
export function problemType(code: ErrorCode): string {
  return `urn:mayfly:error:${code}`
}

/** @throws MayflyError `answer-invalid` */
export function parseProblem(value: unknown): Problem {
  return parseMessage(problemSchema, value, 'answer-invalid', "The issuer's problem document")
}

import * as z from 'zod'
import { type ErrorCode, errorCodes } from '../errors/error-catalogue.ts'
import { parseMessage } from './parse-message.ts'
import { type Problem, problemTextCharactersMax } from './problem-form.ts'

/** Open to further members, as RFC 9457 3.2 asks of readers. */
export const problemSchema: z.ZodType<Problem> = z.object({
  type: z.string().max(problemTextCharactersMax),
  title: z.string().max(problemTextCharactersMax),
  status: z.int().min(400).max(599),
  detail: z.string().max(problemTextCharactersMax),
  code: z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]),
  requestId: z.string().max(128),
})

/** @throws MayflyError `answer-invalid` */
export function parseProblem(value: unknown): Problem {
  return parseMessage(problemSchema, value, 'answer-invalid', "The issuer's problem document")
}

import * as z from 'zod'
import { base64urlSchema, tokenCharactersMax } from './field-schemas.ts'
import { parseMessage } from './parse-message.ts'
import { type Report, reportSchema } from './report.ts'

/** `POST /v1/enrollments`: a token and the first key of a lineage. */
export interface EnrolmentBody {
  readonly token: string
  /** PKCS#10, DER, base64url. */
  readonly csr: string
  readonly report?: Report
}

export const enrolmentBodySchema: z.ZodType<EnrolmentBody> = z.strictObject({
  token: z.string().min(1).max(tokenCharactersMax),
  csr: base64urlSchema,
  report: reportSchema.exactOptional(),
})

/** @throws MayflyError `request-invalid` */
export function parseEnrolmentBody(value: unknown): EnrolmentBody {
  return parseMessage(enrolmentBodySchema, value, 'request-invalid', 'The body of the enrolment')
}

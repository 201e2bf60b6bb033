import { z } from 'zod'
import { base64urlSchema } from './field-schemas.ts'
import { type Report, reportSchema } from './report.ts'

/** The signed part of `POST /v1/requests`: the next public key and the agent's report. */
export interface RequestBody {
  /** PKCS#10 for the next key, DER, base64url. */
  readonly csr: string
  readonly report: Report
  /** Asks for the certificate now, ahead of its `renewAt`; counts against the identity's quota. */
  readonly immediate?: boolean
}

export const requestBodySchema: z.ZodType<RequestBody> = z.strictObject({
  csr: base64urlSchema,
  report: reportSchema,
  immediate: z.boolean().exactOptional(),
})

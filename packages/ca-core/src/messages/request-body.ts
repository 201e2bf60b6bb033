import * as z from 'zod'
import { identityNameCharactersMax } from '../names/identity-name.ts'
import { base64urlSchema, replacedKeysMax, sha256HexSchema } from './field-schemas.ts'
import { type Report, reportSchema } from './report.ts'

/** The signed part of `POST /v1/requests`: the next public key and the agent's report. */
export interface RequestBody {
  /** PKCS#10 for the next key, DER, base64url. */
  readonly csr: string
  readonly report: Report
  /**
   * SHA-256 of the keys that this one replaces: what was asked for before under the same certificate and given up,
   * newest first. Absent means none. An issuer that was asked for a key that is neither this one nor among these
   * was asked by another host.
   */
  readonly replaces?: readonly string[]
  /** Asks for the certificate now, ahead of its `renewAt`; counts against the identity's quota. */
  readonly immediate?: boolean
  /** For an issuer that said that it doesn't know the certificate whose key signs. */
  readonly introduction?: Introduction
}

/** A lineage shows what a restored store may have forgotten. */
export interface Introduction {
  /** Name of the identity. */
  readonly identity: string
  /** The certificate whose key signs the request, DER, base64url. */
  readonly certificate: string
}

export const introductionSchema: z.ZodType<Introduction> = z.strictObject({
  identity: z.string().min(1).max(identityNameCharactersMax),
  certificate: base64urlSchema,
})

export const requestBodySchema: z.ZodType<RequestBody> = z.strictObject({
  csr: base64urlSchema,
  report: reportSchema,
  replaces: z.array(sha256HexSchema).max(replacedKeysMax).exactOptional(),
  immediate: z.boolean().exactOptional(),
  introduction: introductionSchema.exactOptional(),
})

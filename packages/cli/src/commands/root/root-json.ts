import * as z from 'zod'
import { count, keyType, listOf, serial, sha256, time } from '../../json/json-fields.ts'

const files = listOf(z.string()).describe('What was written.')

export const rootCreateJson = z.strictObject({
  subject: z.string(),
  sha256,
  keyType,
  notAfter: time,
  trustDomain: z.string(),
  files,
})

export const rootSignJson = z.strictObject({
  subject: z.string(),
  serial,
  sha256,
  keySha256: sha256,
  notAfter: time,
  rootSha256: sha256,
  bundleSequence: count,
  files,
})

const bundle = {
  sequence: count,
  roots: listOf(sha256),
  distrusted: listOf(sha256).describe('Intermediates.'),
}

export const rootBundleJson = z.strictObject({ ...bundle, trustDomain: z.string(), files })

export const rootShowJson = z.strictObject({
  subject: z.string(),
  sha256,
  keyType,
  notBefore: time,
  notAfter: time,
  trustDomain: z.string(),
  bundle: z.strictObject(bundle),
  records: listOf(z.string()).describe('What was signed, by the names of the records.'),
  brokenRecords: listOf(z.string()),
})

import * as z from 'zod'
import { signedAuditHeadSchema } from '../audit/audit-head.ts'
import type { FlattenedJws } from '../jws/flattened-jws.ts'
import {
  chainCharactersMax,
  countSchema,
  serialSchema,
  sha256HexSchema,
  timeSchema,
} from './field-schemas.ts'
import { parseMessage } from './parse-message.ts'

/** A certificate, made now or earlier for the same key. */
export interface IssuedAnswer {
  readonly status: 'issued'
  readonly serial: string
  /** The certificate's place in its lineage, from 1. */
  readonly generation: number
  /** PEM: the leaf, then its intermediate. */
  readonly chain: string
  /** RFC 3339. */
  readonly notAfter: string
  /** RFC 3339: when the issuer will mint the next one, if a key is staged by then. */
  readonly renewAt: string
  /** Of the newest trust bundle. */
  readonly bundleSequence: number
  /** The end of the issuer's history, signed: a host keeps the newest, and reports it. */
  readonly auditHead?: FlattenedJws
}

/** The key is staged and will be certified at `mintAt`. */
export interface ScheduledAnswer {
  readonly status: 'scheduled'
  /** RFC 3339. */
  readonly mintAt: string
  /** SHA-256 of the staged public key: the last part of the URL to fetch the certificate from. */
  readonly keyHash: string
  readonly auditHead?: FlattenedJws
}

export type IssuerAnswer = IssuedAnswer | ScheduledAnswer

export const issuedAnswerSchema: z.ZodType<IssuedAnswer> = z.strictObject({
  status: z.literal('issued'),
  serial: serialSchema,
  generation: countSchema,
  chain: z.string().max(chainCharactersMax),
  notAfter: timeSchema,
  renewAt: timeSchema,
  bundleSequence: countSchema,
  auditHead: signedAuditHeadSchema.exactOptional(),
})

export const scheduledAnswerSchema: z.ZodType<ScheduledAnswer> = z.strictObject({
  status: z.literal('scheduled'),
  mintAt: timeSchema,
  keyHash: sha256HexSchema,
  auditHead: signedAuditHeadSchema.exactOptional(),
})

/** @throws MayflyError `answer-invalid` */
export function parseIssuerAnswer(value: unknown): IssuerAnswer {
  return isScheduled(value)
    ? parseMessage(scheduledAnswerSchema, value, 'answer-invalid', "The issuer's answer")
    : parseMessage(issuedAnswerSchema, value, 'answer-invalid', "The issuer's answer")
}

function isScheduled(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'status' in value && value.status === 'scheduled'
}

import { durationSeconds, filePath } from '@mayfly/platform'
import * as z from 'zod'
import {
  isPostgresUrl,
  type PostgresAddress,
  readPostgresUrl,
} from '../store/postgres/connecting/postgres-url.ts'
import { defaultLeaseSeconds } from '../store/store.ts'

export type StoreSetting =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly address: PostgresAddress }

const leaseSecondsMin = 2
const leaseSecondsMax = 3_600

/** The path of an SQLite database, or the URL of one on PostgreSQL. */
export const storeSetting: z.ZodType<StoreSetting, string> = z.string().transform((text, context) => {
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  if (!isPostgresUrl(text)) {
    const path = filePath.safeParse(text)
    return path.success
      ? { kind: 'sqlite', path: path.data }
      : refuse('must be an absolute path or postgres://user@host/database')
  }
  const read = readPostgresUrl(text)
  return read.ok ? { kind: 'postgres', address: read.address } : refuse(read.reason)
})

const password = z
  .strictObject({
    file: filePath.optional().describe('File with the password, readable by the issuer only.'),
    credential: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,255}$/, { error: 'must be the name of a systemd credential' })
      .optional()
      .describe('Name of a systemd credential.'),
  })
  .refine(({ file, credential }) => (file === undefined) !== (credential === undefined), {
    error: 'needs exactly one of file and credential',
  })

/** How a PostgreSQL store is reached, beside its URL. */
export const databaseSettings = z
  .strictObject({
    password: password
      .optional()
      .describe('Where the password is; the file that `PGPASSFILE` names, or `~/.pgpass`, if absent.'),
    tls: z
      .enum(['verify-full', 'disable'])
      .optional()
      .describe(
        'Whether the database must show a certificate in its own name; `verify-full` if absent, unless it is on this machine and no `ca` is given.',
      ),
    ca: filePath
      .optional()
      .describe('PEM file of the authorities of that certificate; no others are trusted.'),
    lease: durationSeconds
      .refine((seconds) => seconds >= leaseSecondsMin && seconds <= leaseSecondsMax, {
        error: `must be between ${leaseSecondsMin}s and ${leaseSecondsMax / 3_600}h`,
      })
      .prefault(`${defaultLeaseSeconds / 60}m`)
      .describe('How long an issuer may be at work on what it took before another one takes it over.'),
  })
  .prefault({})
  .describe('How a PostgreSQL store is reached; unused with SQLite.')

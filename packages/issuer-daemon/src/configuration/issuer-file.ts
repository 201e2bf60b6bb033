import {
  bundleMaxAgeSecondsMax,
  bundleMaxAgeSecondsMin,
  defaultKeyType,
  keyTypes,
  parseName,
  tokenLifetimeSecondsMax,
} from '@mayfly/ca-core'
import { durationSeconds, filePath, hostPort, parsePkcs11Uri } from '@mayfly/platform'
import { validateDetailed } from 'node-cron'
import * as z from 'zod'
import { isAddressOrNetwork } from '../api/limits/relays.ts'
import { auditRetentionSecondsMin } from '../audit/compare-head.ts'
import { delegateSettings } from './delegate-settings.ts'
import { socketPath } from './socket-path.ts'
import { databaseSettings, storeSetting } from './store-setting.ts'

const relaysMax = 256

const hour = 3_600
const day = 24 * hour

const listen = (example: string) => hostPort.describe(`Address and port, such as \`${example}\`.`)

const issuerUrl = z
  .string()
  .refine(isOrigin, { error: 'must be https://host or https://host:port, without a path, query or user' })
  .transform((text) => new URL(text).origin)

const trustDomain = z
  .string()
  // SPIFFE-ID 2.1: lower-case letters, digits, dots, dashes and underscores, at most 255 bytes.
  .regex(/^[a-z0-9][a-z0-9._-]{0,254}$/, { error: 'must be a trust domain such as example.internal' })

const certificateName = z
  .string()
  .refine(isName, { error: 'must be a name such as dns:ca.example or ip:192.0.2.1' })

const cron = z.string().superRefine((text, context) => {
  for (const problem of validateDetailed(text).errors) {
    context.addIssue({
      code: 'custom',
      continue: false,
      message: `is no time of cron (${problem.field}): ${problem.message}`,
    })
  }
})

const secret = (what: string) =>
  z
    .strictObject({
      file: filePath.optional().describe(`File with the ${what}, readable by the issuer only.`),
      credential: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,255}$/, { error: 'must be the name of a systemd credential' })
        .optional()
        .describe('Name of a systemd credential (`LoadCredential=` or `LoadCredentialEncrypted=`).'),
      prompt: z.literal(true).optional().describe('Ask on the terminal at the start.'),
    })
    .refine((sources) => Object.values(sources).filter((source) => source !== undefined).length === 1, {
      error: 'needs exactly one of file, credential and prompt',
    })

const hsmUri = z.string().superRefine((text, context) => {
  const wrong = whyNoHsmUri(text)
  if (wrong !== undefined) context.addIssue({ code: 'custom', message: wrong })
})

const rate = (what: string, perMinute: number, burst: number) =>
  z
    .strictObject({
      perMinute: z.int().min(1).max(1_000_000).prefault(perMinute).describe('Sustained rate.'),
      burst: z.int().min(1).max(1_000_000).prefault(burst).describe('How many may come at once.'),
    })
    .prefault({})
    .describe(what)

/**
 * `issuer.yaml`, key by key. The JSON Schema and the page in `docs/` are made from the descriptions
 * here; what concerns more than one key is in `configuration-rules.ts`.
 */
export const issuerFile = z.strictObject({
  url: issuerUrl.describe('How agents reach this issuer; its host is the first name of its own certificate.'),
  listen: listen('0.0.0.0:8443').describe('Where the HTTPS API listens, such as `0.0.0.0:8443`.'),
  state: filePath.describe('Folder for keys, store and bundle. Only the issuer may read it.'),
  trustDomain: trustDomain.describe('The trust domain of the bundle, such as `example.internal`.'),
  store: storeSetting
    .optional()
    .describe(
      'Path of the SQLite database, or `postgres://user@host/database`, which several issuers may share; `store.sqlite` in the state folder if absent.',
    ),
  database: databaseSettings,
  passphrase: secret('passphrase').describe("Where the passphrase of the issuer's keys in files comes from."),
  hsm: z
    .strictObject({
      uri: hsmUri.describe(
        'PKCS #11 URI (RFC 7512) of the token and its module, such as `pkcs11:token=mayfly?module-path=/usr/lib/softhsm/libsofthsm2.so`.',
      ),
      pin: secret('PIN').describe('Where the PIN of the token comes from.'),
    })
    .optional()
    .describe(
      'Hardware security module: `mayfly issuer init` makes the keys of intermediates in it, and they never leave it; in files if absent.',
    ),
  tls: z
    .strictObject({
      names: z
        .array(certificateName)
        .max(32)
        .prefault([])
        .describe("Further names of the issuer's own certificate, beside the host of `url`."),
      keyType: z
        .enum(keyTypes)
        .prefault(defaultKeyType)
        .describe("Key type of the issuer's own certificate."),
    })
    .prefault({})
    .describe("The issuer's own TLS certificate, which it mints and renews itself."),
  issuing: z
    .strictObject({
      lifetime: duration(10, day).prefault('24h').describe('Life of a leaf, 10 s to 24 h.'),
      cycle: duration(1, day / 2)
        .prefault('12h')
        .describe('Time from one certificate to the next.'),
      recoveryWindow: duration(0, 90 * day)
        .prefault('7d')
        .describe('How long after its end a certificate may still ask for the next one.'),
      tokenLifetime: duration(60, tokenLifetimeSecondsMax)
        .prefault('15m')
        .describe('Life of an enrolment token.'),
      keyTypes: z
        .array(z.enum(keyTypes))
        .min(1)
        .refine((types) => new Set(types).size === types.length, { error: 'names a key type twice' })
        .prefault([...keyTypes])
        .describe('Key types that may be certified.'),
      dailyQuota: z
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .describe(
          'Certificates an identity may get on one day (UTC); six times what its cycle needs if absent.',
        ),
      retention: duration(day, 3_650 * day)
        .prefault('1d')
        .describe(
          'How long certificates that a host has replaced stay in the store after their end; its newest stay for issuing.recoveryWindow at least.',
        ),
    })
    .prefault({})
    .describe('What is issued, and how often.'),
  bundle: z
    .strictObject({
      maxAge: duration(bundleMaxAgeSecondsMin, bundleMaxAgeSecondsMax)
        .optional()
        .describe(
          "How long an agent need not look at the trust bundle again (`max-age` of `GET /v1/bundle`), 60 s to a quarter of `issuing.lifetime`. It is how late a host may learn what is distrusted or tainted. A 24th of the certificate's life, at most an hour, if absent.",
        ),
    })
    .prefault({})
    .describe('What hosts trust, as the issuer hands it out.'),
  sweep: z
    .strictObject({
      cron: cron
        .prefault('*/5 * * * *')
        .describe('When due certificates are minted: five or six fields, UTC.'),
      chunk: z.int().min(1).max(10_000).prefault(1_000).describe('Certificates in one transaction.'),
    })
    .prefault({})
    .describe('The schedule that mints what is due.'),
  limits: z
    .strictObject({
      address: rate('Requests from one address (IPv6: one /64).', 1_200, 200),
      identity: rate('Signed requests of one identity.', 60, 20),
      enrolmentFailures: rate('Failed enrolments from one address.', 6, 10),
      unproven: rate(
        'Refused requests from one address that proved nothing about their sender. Each leaves a durable record; beyond the limit they are refused without one.',
        30,
        60,
      ),
      newcomers: rate(
        'New connections, in all, from addresses that have not signed a request or shown a token within a day. Others come in all the same; newcomers also have half of `connections` at most.',
        12_000,
        1_000,
      ),
      unprovenInAll: rate('The same from all addresses together: what a flood may cost in disk.', 120, 600),
      delegate: rate('Requests of one delegate of the administration (`admin.delegates`).', 600, 300),
      relays: z
        .array(
          z
            .string()
            .refine(isAddressOrNetwork, { error: 'must be an address or a network such as 10.0.0.0/8' }),
        )
        .max(relaysMax)
        .prefault([])
        .describe(
          'Addresses and networks of relays: of a request that comes from one, the right-most address in `X-Forwarded-For` that is no relay is the caller. Nobody else is believed.',
        ),
      connections: z.int().min(1).max(100_000).prefault(8_192).describe('Open connections at once.'),
      connectionsPerAddress: z
        .int()
        .min(1)
        .max(100_000)
        .prefault(2_048)
        .describe('Open connections at once from one address (IPv6: one /64).'),
    })
    .prefault({})
    .describe('How much a caller may ask.'),
  audit: z
    .strictObject({
      retention: duration(auditRetentionSecondsMin, 3_650 * day)
        .prefault('400d')
        .describe('How long audit records are kept, at least 30d. What is older than a day is packed.'),
    })
    .prefault({})
    .describe('The history of every attempt.'),
  admin: z
    .strictObject({
      socket: socketPath
        .optional()
        .describe(
          'Unix socket for the owner of the issuer, who may everything; `admin.sock` in the state folder if absent.',
        ),
      delegates: delegateSettings,
    })
    .prefault({})
    .describe('Administration.'),
  metrics: z
    .strictObject({
      listen: listen('127.0.0.1:9464')
        .optional()
        .describe(
          'Where Prometheus may ask for `/metrics`, and monitoring for `/healthz` and `/readyz`, without TLS; off if absent.',
        ),
    })
    .prefault({})
    .describe('Prometheus metrics.'),
  health: z
    .strictObject({
      atApi: z
        .boolean()
        .prefault(true)
        .describe(
          'Whether `/healthz` and `/readyz` answer at the API as well, to anyone. Beside the metrics they always do.',
        ),
    })
    .prefault({})
    .describe('Whether the issuer runs, and can issue.'),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .prefault('info')
        .describe('The least serious line written.'),
    })
    .prefault({})
    .describe('The log, JSON lines on standard output.'),
})

function duration(minSeconds: number, maxSeconds: number) {
  return durationSeconds.refine((seconds) => seconds >= minSeconds && seconds <= maxSeconds, {
    error: `must be between ${describeSeconds(minSeconds)} and ${describeSeconds(maxSeconds)}`,
  })
}

function describeSeconds(seconds: number): string {
  if (seconds !== 0 && seconds % day === 0 && seconds > day) return `${seconds / day}d`
  if (seconds !== 0 && seconds % hour === 0) return `${seconds / hour}h`
  return `${seconds}s`
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return (
    url.protocol === 'https:' &&
    url.pathname === '/' &&
    url.username === '' &&
    url.password === '' &&
    !/[?#@]/.test(text)
  )
}

/** What is wrong with it as the URI of a token. */
function whyNoHsmUri(text: string): string | undefined {
  try {
    const { choice, key, module } = parsePkcs11Uri(text)
    if (module === undefined) return 'names no module: add ?module-path=/usr/lib/MODULE.so'
    if (Object.keys(choice).length === 0) return 'names no token: add token=NAME'
    if (Object.keys(key).length > 0)
      return 'names a key; leave id and object out, they are kept with each intermediate'
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'is no PKCS #11 URI'
  }
}

function isName(text: string): boolean {
  try {
    parseName(text)
    return true
  } catch {
    return false
  }
}

import { isIP } from 'node:net'
import { isAbsolute, normalize } from 'node:path'
import * as z from 'zod'

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }
const pathCharactersMax = 4_096
const portMax = 65_535
/** RFC 1035 2.3.4: a name has at most 255 octets, 253 of them written. */
const hostCharactersMax = 253

/** A duration such as `15s`, `5m`, `24h`, `90d` or `1h30m`, given back in seconds. */
export const durationSeconds: z.ZodType<number, string> = z
  .string()
  .regex(/^(?:\d{1,9}[smhd])+$/, 'must be a duration such as 15s, 5m, 24h, 90d or 1h30m')
  .transform((text) =>
    Array.from(text.matchAll(/(\d+)([smhd])/g)).reduce(
      (seconds, [, count, unit]) => seconds + Number(count) * (secondsPerUnit[unit ?? ''] ?? 0),
      0,
    ),
  )

/** An absolute path, normalised, without a trailing slash. */
export const filePath: z.ZodType<string, string> = z
  .string()
  .max(pathCharactersMax)
  .refine((text) => isAbsolute(text) && !text.includes('\0'), 'must be an absolute path')
  .transform((text) => normalize(text).replace(/(?<=.)\/$/, ''))

export interface HostPort {
  /** A name or an IP address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/** `host:port` or `[v6]:port`. */
export const hostPort: z.ZodType<HostPort, string> = z.string().transform((text, context) => {
  const parsed = parseHostPort(text)
  if (parsed !== undefined) return parsed
  context.addIssue({ code: 'custom', message: 'must be host:port, such as 127.0.0.1:8443 or [::1]:8443' })
  return z.NEVER
})

/** The parts of `host:port` or `[v6]:port`; `undefined` for anything else. */
export function parseHostPort(text: string): HostPort | undefined {
  const found = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text)
  const host = found?.[1] ?? found?.[2]
  const port = Number(found?.[3])
  if (host === undefined || host.length > hostCharactersMax || port > portMax) return undefined
  if (found?.[1] !== undefined && isIP(host) !== 6) return undefined
  return { host, port }
}

/** A TCP port; 0 lets the system choose. */
export const portNumber: z.ZodType<number, number> = z.int().min(0).max(portMax)

/** An `https:` URL without credentials, query or fragment; given back without a trailing slash. */
export const url: z.ZodType<string, string> = z.string().transform((text, context) => {
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  const plain =
    parsed?.protocol === 'https:' &&
    [parsed.username, parsed.password, parsed.search, parsed.hash].every((part) => part === '')
  if (parsed !== undefined && plain) return parsed.href.replace(/\/$/, '')
  context.addIssue({
    code: 'custom',
    message: 'must be an https:// URL without credentials, query or fragment',
  })
  return z.NEVER
})

/** Permission bits as octal text, such as `'0640'`. YAML 1.2 reads a bare 0640 as six hundred and forty. */
export const fileMode: z.ZodType<number, string> = z
  .string('must be octal in quotes, such as "0640"')
  .regex(/^0?[0-7]{3}$/, 'must be octal in quotes, such as "0640"')
  .transform((text) => Number.parseInt(text, 8))

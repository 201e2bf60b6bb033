import { type KeyType, keyTypes, type Name } from '@mayfly/ca-core'
import { fileMode, filePath, url } from '@mayfly/platform'
import * as z from 'zod'
import { type FormatName, formatNameSchema } from '../formats/format-name.ts'
import { endpointSchema, type ProbeEndpoint } from '../probing/endpoint.ts'
import { type ReloadConfiguration, reloadSchema } from '../servers/reload-configuration.ts'
import { certificateName, plainName } from './name-settings.ts'

/** One certificate that the agent keeps fresh. */
export interface CertificateSettings {
  /** The identity's name at the issuer, if it must be this one. */
  readonly identity?: string
  /** Issuers to ask, in order; absent means the one of the enrolment token. */
  readonly issuers?: readonly string[]
  readonly keyType: KeyType
  /** Names that every certificate must carry; absent means those of the enrolment token. */
  readonly names?: readonly Name[]
  /** Of the installed files; absent means the agent's own user. */
  readonly owner?: string
  readonly group?: string
  /** Permission bits of the files that hold the key. */
  readonly mode: number
  readonly formats: readonly FormatName[]
  /** The file with the password of the PKCS #12 stores. */
  readonly keystorePasswordFile?: string
  /** The server to test and reload; `none` for a program that watches the files itself. */
  readonly reload: ReloadConfiguration
  /** Live ports that must serve the certificate. */
  readonly probe: readonly ProbeEndpoint[]
  /** How often the live ports are looked at between rotations, in minutes, for a life of a day; 0 means never. */
  readonly lookMinutes: number
  /** Generations kept in the archive, the live one included. */
  readonly keep: number
}

const issuersMax = 8
const namesMax = 100
const probesMax = 32
const keyModeDefault = 0o600
const keepDefault = 3
const lookMinutesDefault = 15
const lookMinutesMax = 1_440
const ownerName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/, 'must be a name or a number')

/** Keys for the world to read would be no keys. */
const keyMode = fileMode.refine(
  (mode) => (mode & 0o007) === 0,
  'must not let others read the key, such as "0640"',
)

export const certificateSchema: z.ZodType<CertificateSettings, unknown> = z
  .strictObject({
    identity: plainName
      .optional()
      .describe('The identity at the issuer, if it must be this one; another one raises an alarm.'),
    issuers: z
      .array(url)
      .min(1)
      .max(issuersMax)
      .optional()
      .describe('Issuers to ask, one after the other; the one of the enrolment token if absent.'),
    keyType: z
      .enum(keyTypes)
      .optional()
      .describe('Of the next key, from the next rotation on; `ec-p256` if absent.'),
    names: z
      .array(certificateName)
      .min(1)
      .max(namesMax)
      .optional()
      .describe(
        'What every certificate must carry, within what the identity may have; the names of the token if absent.',
      ),
    owner: ownerName
      .optional()
      .describe("Of the installed files, a name or a number; the agent's own user if absent."),
    group: ownerName
      .optional()
      .describe("Of the installed files, a name or a number; the agent's own if absent."),
    mode: keyMode.optional().describe('Of the files that hold the key, in quotes; `"0600"` if absent.'),
    formats: z
      .array(formatNameSchema)
      .optional()
      .describe('Files beside the PEM set, which is always there.'),
    keystorePasswordFile: filePath.optional().describe('The file with the password of the PKCS #12 stores.'),
    reload: reloadSchema
      .optional()
      .describe('The server to test and reload; a program that watches the files itself if absent.'),
    probe: z
      .array(endpointSchema)
      .max(probesMax)
      .optional()
      .describe('Live ports that must serve the certificate.'),
    lookMinutes: z
      .int()
      .min(0)
      .max(lookMinutesMax)
      .optional()
      .describe(
        'How often the live ports are looked at between rotations, in minutes; 0 means never; 15 if absent. Of a certificate that lives less than a day, the more often.',
      ),
    keep: z
      .int()
      .min(2, 'must be at least 2, so that there is one to go back to')
      .max(100)
      .optional()
      .describe('Generations kept in the archive, the live one included; 3 if absent.'),
  })
  .refine(
    ({ formats, keystorePasswordFile }) => !formats?.includes('pkcs12') || keystorePasswordFile !== undefined,
    {
      message: 'pkcs12 needs keystorePasswordFile',
      path: ['formats'],
    },
  )
  .refine(({ formats, keyType }) => !formats?.includes('pkcs12') || keyType?.startsWith('ml-dsa') !== true, {
    // Found out with the first certificate of such a key, it would be too late for that certificate.
    message:
      'no program opens a PKCS #12 store with an ML-DSA key; take another keyType, or leave pkcs12 out',
    path: ['keyType'],
  })
  .transform(({ keyType, mode, formats, reload, probe, lookMinutes, keep, ...others }) => ({
    ...withoutUndefined(others),
    keyType: keyType ?? 'ec-p256',
    mode: mode ?? keyModeDefault,
    formats: formats ?? [],
    reload: reload ?? { preset: 'none' },
    probe: probe ?? [],
    lookMinutes: lookMinutes ?? lookMinutesDefault,
    keep: keep ?? keepDefault,
  }))

function withoutUndefined<T extends object>(value: T): { [key in keyof T]: Exclude<T[key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [key in keyof T]: Exclude<T[key], undefined>
  }
}

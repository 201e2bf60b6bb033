import {
  type FileSystem,
  formatName,
  isMayflyError,
  namesMax,
  type ProfileName,
  parseIdentityName,
  parseName,
  profileNames,
} from '@mayfly/ca-core'
import { readYamlConfiguration } from '@mayfly/platform'
import * as z from 'zod'
import { reservedIdentityNames } from './plan-identity.ts'

/** Some hundred thousand identities; whatever is larger is no such file. */
export const identitiesFileBytesMax = 16 * 1_048_576

export interface IdentityDeclaration {
  readonly name: string
  readonly profile: ProfileName
  /** Canonical. */
  readonly names: readonly string[]
}

/** Says why in the words of the reader of names. */
function readBy<Value>(read: (text: string) => Value): z.ZodType<Value, string> {
  return z.string().transform((text, context) => {
    try {
      return read(text)
    } catch (error) {
      if (!isMayflyError(error)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  })
}

const identity = z.strictObject({
  profile: z
    .enum(profileNames as readonly [ProfileName, ...ProfileName[]])
    .prefault('server')
    .describe('What its certificates are for.'),
  names: z
    .array(readBy((text) => formatName(parseName(text))))
    .min(1)
    .max(namesMax)
    .describe(
      'The names that its certificates carry: `dns:web-1.example`, `ip:192.0.2.1`, `uri:spiffe://…`.',
    ),
})

const identitiesFile = z
  .strictObject({
    identities: z.record(z.string(), identity).describe('The identities by name.'),
  })
  .superRefine(({ identities }, context) => {
    for (const name of Object.keys(identities)) {
      const reason = whyNoName(name)
      if (reason !== undefined) {
        context.addIssue({ code: 'custom', path: ['identities', name], message: reason })
      }
    }
  })

function whyNoName(name: string): string | undefined {
  if (reservedIdentityNames.includes(name)) return "is the issuer's own identity; take another name"
  try {
    parseIdentityName(name)
    return undefined
  } catch (error) {
    if (isMayflyError(error)) return error.message
    throw error
  }
}

/**
 * Reads declared identities. Throws `config-invalid` with file, line, column, key and reason of everything that is
 * wrong.
 */
export async function readIdentitiesFile(
  fileSystem: Pick<FileSystem, 'readFile'>,
  path: string,
): Promise<readonly IdentityDeclaration[]> {
  const { identities } = await readYamlConfiguration(fileSystem, path, identitiesFile, {
    bytesMax: identitiesFileBytesMax,
  })
  return Object.entries(identities).map(([name, declared]) => ({ name, ...declared }))
}

/** The JSON Schema (2020-12) of that file, from the same source as the checks. */
export function identitiesJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(identitiesFile, { io: 'input' }) as Record<string, unknown>
  return { $schema, title: 'identities.yaml of Mayfly', ...schema }
}

import {
  type NameRange,
  type ProfileName,
  parseNameRange,
  profileNames,
  tokenLifetimeSecondsMax,
} from '@mayfly/ca-core'
import { durationSeconds, fileMode } from '@mayfly/platform'
import * as z from 'zod'
import { delegatedPowers } from '../admin/admin-rights.ts'
import { socketPath } from './socket-path.ts'

const tokenLifetimeSecondsMin = 60
const listedMax = 256

/** Nobody but owner and group; a socket needs no right to execute. */
const closedMode = fileMode.refine((mode) => (mode & 0o117) === 0, {
  error: 'must close the socket to everyone else, such as "0660"',
})

const delegateName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, {
  error: 'must be a name of lower-case letters, digits, dots, dashes and underscores',
})

const nameRange: z.ZodType<NameRange, string> = z.string().transform((text, context) => {
  try {
    return parseNameRange(text)
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: error instanceof Error ? error.message : 'is no range of names',
    })
    return z.NEVER
  }
})

const identityPattern = z
  .string()
  .regex(/^[a-z0-9._*-]{1,63}$/, { error: 'must be an identity name, in which * stands for any characters' })

const account = (what: string) =>
  z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe(`${what} of the socket, by name or number; the issuer's own if absent.`)

const delegate = z.strictObject({
  socket: socketPath.describe('Unix socket of this admin, outside the state folder.'),
  owner: account('Owner'),
  group: account('Group'),
  mode: closedMode.prefault('0660').describe('Who may connect: octal in quotes.'),
  may: z
    .array(z.enum(delegatedPowers))
    .min(1)
    .describe(
      'What this admin may: `status`, `identities.read`, `identities.write` (add, apply, suspend, resume), `tokens`, `audit` (all of it).',
    ),
  names: z
    .array(nameRange)
    .max(listedMax)
    .prefault([])
    .describe(
      'Ranges that hold every name of its identities: `dns:web.example` (with all below it), `ip:10.0.0.0/8`, `uri:example.internal`.',
    ),
  identities: z
    .array(identityPattern)
    .min(1)
    .max(listedMax)
    .prefault(['*'])
    .describe('Names of its identities, in which `*` stands for any characters.'),
  profiles: z
    .array(z.enum(profileNames as readonly [ProfileName, ...ProfileName[]]))
    .min(1)
    .prefault([...profileNames])
    .describe('Profiles of its identities.'),
  tokenLifetimeMax: durationSeconds
    .refine((seconds) => seconds >= tokenLifetimeSecondsMin && seconds <= tokenLifetimeSecondsMax, {
      error: `must be between ${tokenLifetimeSecondsMin}s and ${tokenLifetimeSecondsMax / 3_600}h`,
    })
    .optional()
    .describe('The longest life of its tokens; what the issuer allows if absent.'),
})

/** Admins who may some things to some identities, each with a socket of its own. */
export const delegateSettings = z
  .record(delegateName, delegate)
  .prefault({})
  .describe('Further admins by name, each with a Unix socket of its own and what it may.')

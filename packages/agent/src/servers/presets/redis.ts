import { join } from 'node:path'
import type { FileSystem } from '@mayfly/ca-core'
import { filePath, type HostPort, hostPort, readSecret } from '@mayfly/platform'
import * as z from 'zod'
import type { Preset } from '../preset.ts'
import type { RedisAddress, RedisCommand } from '../redis-connection.ts'
import type { ReloadContext } from '../server-control.ts'
import { presetName } from './preset-name.ts'

export interface RedisOptions {
  readonly preset: 'redis'
  /** Its Unix socket. This or `connect`. */
  readonly socket?: string | undefined
  readonly connect?: HostPort | undefined
  /** Speaks TLS to `connect`, under this name, with the files of the generation. */
  readonly serverName?: string | undefined
  readonly user?: string | undefined
  readonly passwordFile?: string | undefined
  /** What Redis is to read. Default: `fullchain.pem` and `key.pem` in the live folder. */
  readonly certificateFile?: string | undefined
  readonly keyFile?: string | undefined
}

/**
 * Redis 7 and Valkey: certificate and key are set in one `CONFIG SET`, which reads both files again
 * and takes neither if they do not match. Connections live on. The next start reads what its own
 * configuration names, so that should be the live folder too.
 */
export const redis: Preset<RedisOptions> = {
  schema: z
    .strictObject({
      preset: presetName('redis'),
      socket: filePath.optional().describe('The Unix socket of Redis. This or `connect`.'),
      connect: hostPort.optional().describe('Where Redis takes commands. This or `socket`.'),
      serverName: z
        .string()
        .min(1)
        .max(253)
        .optional()
        .describe('Speak TLS to `connect`, under this name, with the installed certificate.'),
      user: z.string().min(1).max(128).optional().describe('Whom to log in as; `default` if absent.'),
      passwordFile: filePath.optional().describe('The file with the password of that user.'),
      certificateFile: filePath
        .optional()
        .describe('What Redis is to read; `fullchain.pem` in the live folder if absent.'),
      keyFile: filePath.optional().describe('What Redis is to read; `key.pem` in the live folder if absent.'),
    })
    .refine(
      ({ socket, connect }) => (socket === undefined) !== (connect === undefined),
      'needs one of socket and connect',
    ),
  prepare(options, { fileSystem }) {
    const send = async (context: ReloadContext, command: RedisCommand): Promise<void> => {
      const login = await loginOf(options, fileSystem)
      const address = await addressOf(options, context, fileSystem)
      const { sendRedisCommands } = await import('../redis-connection.ts')
      await sendRedisCommands(address, [...login, command])
    }
    return {
      ready: (context) => send(context, trySetting),
      check: () => Promise.resolve(),
      untested: true,
      reload: (context) => send(context, { words: setCertificate(options, context) }),
    }
  },
}

/** Sets nothing: who may use CONFIG SET learns that there is no such option, and anybody else that they may not. */
const trySetting: RedisCommand = {
  words: ['CONFIG', 'SET', 'mayfly-check', 'yes'],
  refusal: /^-ERR (?:Unknown option|Unsupported CONFIG parameter)/i,
}

function setCertificate({ certificateFile, keyFile }: RedisOptions, { liveFolder }: ReloadContext): string[] {
  return [
    'CONFIG',
    'SET',
    'tls-cert-file',
    certificateFile ?? join(liveFolder, 'fullchain.pem'),
    'tls-key-file',
    keyFile ?? join(liveFolder, 'key.pem'),
  ]
}

async function loginOf(
  { user = 'default', passwordFile }: RedisOptions,
  fileSystem: FileSystem,
): Promise<RedisCommand[]> {
  if (passwordFile === undefined) return []
  const password = await readSecret({ file: passwordFile }, { fileSystem, environment: {} })
  return [{ words: ['AUTH', user, new TextDecoder().decode(password)], shown: 'AUTH' }]
}

async function addressOf(
  { socket, connect, serverName }: RedisOptions,
  { generationFolder }: ReloadContext,
  fileSystem: FileSystem,
): Promise<RedisAddress> {
  if (socket !== undefined) return { kind: 'socket', path: socket }
  if (connect === undefined) throw new TypeError('Redis has neither a socket nor an address')
  if (serverName === undefined) return { kind: 'tcp', connect }
  const read = async (name: string): Promise<string> =>
    new TextDecoder().decode(await fileSystem.readFile(join(generationFolder, name)))
  const [ca, cert, key] = [await read('bundle.pem'), await read('fullchain.pem'), await read('key.pem')]
  return { kind: 'tls', connect, serverName, ca, cert, key }
}

import { join } from 'node:path'
import { type FileSystem, MayflyError } from '@mayfly/ca-core'
import { filePath } from '@mayfly/platform'
import * as z from 'zod'
import { askUnixSocket } from '../ask-unix-socket.ts'
import type { Preset } from '../preset.ts'
import { runProgram } from '../run-program.ts'
import type { ReloadContext } from '../server-control.ts'
import { presetName } from './preset-name.ts'

export interface HaproxyOptions {
  readonly preset: 'haproxy'
  /** `stats socket … level admin`. Default: Debian's `/run/haproxy/admin.sock`. */
  readonly socket?: string | undefined
  /** The path after `crt` in HAProxy's configuration. Default: `combined.pem` in the live folder. */
  readonly certificate?: string | undefined
  /** Tested with `haproxy -c` where it is given. */
  readonly configuration?: string | undefined
  readonly program?: string | undefined
}

const defaultSocket = '/run/haproxy/admin.sock'

/** The runtime commands are lines of words. */
const oneWord = filePath.refine(
  (path) => !/[\s;\\<]/.test(path),
  'must not have spaces, semicolons or backslashes',
)

/**
 * HAProxy: the new certificate is given to the running process over its runtime socket, in one
 * transaction; no process is started and no connection ends. The next start reads the same from
 * `combined.pem`, which the format `combined` writes. A mismatched pair fails at the commit.
 */
export const haproxy: Preset<HaproxyOptions> = {
  schema: z.strictObject({
    preset: presetName('haproxy'),
    socket: filePath
      .optional()
      .describe('The runtime socket (`stats socket … level admin`); `/run/haproxy/admin.sock` if absent.'),
    certificate: oneWord
      .optional()
      .describe(
        "The path after `crt` in HAProxy's configuration; `combined.pem` in the live folder if absent.",
      ),
    configuration: filePath.optional().describe('Tested with `haproxy -c` before each reload.'),
    program: filePath.optional().describe('What tests the configuration; `haproxy` if absent.'),
  }),
  formats: ['combined'],
  prepare(
    { socket = defaultSocket, certificate, configuration, program = 'haproxy' },
    { fileSystem, processRunner },
  ) {
    const nameOf = ({ liveFolder }: ReloadContext): string => certificate ?? join(liveFolder, 'combined.pem')
    return {
      async ready(context) {
        await requireAdmin(socket)
        const known = (await askUnixSocket(socket, 'show ssl cert\n')).split('\n')
        if (!known.includes(nameOf(context))) throw unknownCertificate(socket, nameOf(context), known)
      },
      async check() {
        if (configuration === undefined) return
        await runProgram({
          processRunner,
          // Not with -q, which keeps back what is wrong.
          argv: [program, '-c', '-f', configuration],
          failure: 'check-failed',
        })
      },
      untested: configuration === undefined,
      async reload(context) {
        await replaceCertificate(socket, nameOf(context), await readCombined(fileSystem, context))
      },
    }
  },
}

/** Certificates are set by an admin only, and any caller may ask what they are (management guide 9.3). */
async function requireAdmin(socket: string): Promise<void> {
  const level = await askUnixSocket(socket, 'show cli level\n')
  if (level === 'admin') return
  throw new MayflyError(
    'reload-failed',
    `${socket} has the level ${level}. Set its stats socket in HAProxy's configuration to level admin.`,
    { details: { socket, because: 'permission' } },
  )
}

async function readCombined(fileSystem: FileSystem, { generationFolder }: ReloadContext): Promise<string> {
  const path = join(generationFolder, 'combined.pem')
  const content = await fileSystem.readFile(path).catch((cause: unknown) => {
    throw new MayflyError(
      'reload-failed',
      `${path} cannot be read. HAProxy needs it: add combined to the formats.`,
      {
        details: { path },
        cause,
      },
    )
  })
  return new TextDecoder().decode(content)
}

/** HAProxy management guide 9.3: `set ssl cert` begins a transaction, `commit ssl cert` swaps it in at once. */
async function replaceCertificate(socket: string, name: string, pem: string): Promise<void> {
  // A text given with `<<` ends at the first blank line.
  const text = pem.replace(/\n{2,}/g, '\n').trimEnd()
  const begun = await askUnixSocket(socket, `set ssl cert ${name} <<\n${text}\n\n`)
  if (!/^Transaction (?:created|updated) for certificate /m.test(begun))
    throw await givenUp(socket, name, 'set', begun)
  const committed = await askUnixSocket(socket, `commit ssl cert ${name}\n`)
  if (!/^Success!/m.test(committed)) throw await givenUp(socket, name, 'commit', committed)
}

/** Ends the transaction: HAProxy keeps it open, and the next `set` would add to it. */
async function givenUp(
  socket: string,
  name: string,
  step: 'set' | 'commit',
  answer: string,
): Promise<MayflyError> {
  await askUnixSocket(socket, `abort ssl cert ${name}\n`).catch(() => undefined)
  const reason = answer.replaceAll('\n', ' ')
  return new MayflyError(
    'reload-failed',
    `HAProxy refuses to ${step} ${name}: ${reason} It keeps the old one.`,
    {
      details: { socket, certificate: name, step },
    },
  )
}

function unknownCertificate(socket: string, name: string, known: readonly string[]): MayflyError {
  const names = known.filter((line) => line !== '' && !line.startsWith('#'))
  return new MayflyError(
    'reload-failed',
    `HAProxy at ${socket} uses no certificate ${name}. Set certificate to the path after crt: ${names.join(', ') || 'there is none'}.`,
    { details: { socket, certificate: name } },
  )
}

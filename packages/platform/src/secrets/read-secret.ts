import { readdirSync, readFile, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type FileSystem, MayflyError } from '@mayfly/ca-core'
import { fileError } from '../files/file-error.ts'

/** Where a secret comes from; exactly one is given. */
export interface SecretSource {
  /** A file that only its owner can read. */
  readonly file?: string | undefined
  /** The name of a systemd credential (`LoadCredential=`, `LoadCredentialEncrypted=`). */
  readonly credential?: string | undefined
  /** An open descriptor, read to its end. */
  readonly fd?: number | undefined
  /** What to ask on the terminal. */
  readonly prompt?: string | undefined
}

export interface SecretPorts {
  readonly fileSystem: FileSystem
  /** CREDENTIALS_DIRECTORY, as systemd.exec(5) has it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Asks a person without showing the answer. */
  readonly ask?: (question: string) => Promise<Uint8Array>
}

/** A passphrase is a line, not a document. */
const secretBytesMax = 4_096
const othersMask = 0o077

/** Reads a secret, less one line break at its end. Nothing of it is in any error. */
export async function readSecret(source: SecretSource, ports: SecretPorts): Promise<Uint8Array> {
  const { place, content } = await readSource(source, ports)
  const secret = withoutLineBreak(content)
  if (secret.byteLength === 0) throw refused(place, 'is empty')
  if (secret.byteLength > secretBytesMax) throw refused(place, `is longer than ${secretBytesMax} bytes`)
  return secret
}

interface ReadSource {
  /** For messages. */
  readonly place: string
  readonly content: Uint8Array
}

async function readSource(source: SecretSource, ports: SecretPorts): Promise<ReadSource> {
  if (source.file !== undefined) return readPrivateFile(source.file, ports.fileSystem)
  if (source.credential !== undefined) return readCredential(source.credential, ports)
  if (source.fd !== undefined) return readDescriptor(source.fd)
  if (source.prompt !== undefined && ports.ask !== undefined) {
    return { place: 'the answer', content: await ports.ask(source.prompt) }
  }
  throw new MayflyError(
    'config-invalid',
    'no source for the secret: give a file, a descriptor or a credential',
  )
}

async function readPrivateFile(path: string, fileSystem: FileSystem): Promise<ReadSource> {
  const status = await fileSystem.status(path)
  if (status === undefined)
    throw new MayflyError('file-missing', `${path}: there is no such file`, { details: { path } })
  if (status.type !== 'file') throw refused(path, 'is not a plain file')
  if ((status.mode & othersMask) !== 0) {
    throw new MayflyError(
      'permission-denied',
      `${path}: others can read this secret; run: chmod 600 ${path}`,
      {
        details: { path, mode: status.mode.toString(8) },
        retry: 'never',
      },
    )
  }
  return { place: path, content: await fileSystem.readFile(path) }
}

/** systemd alone writes and guards its credentials, with modes of its own. */
async function readCredential(name: string, { environment, fileSystem }: SecretPorts): Promise<ReadSource> {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name))
    throw refused(JSON.stringify(name), 'is not the name of a credential')
  const directory = environment.CREDENTIALS_DIRECTORY
  if (directory === undefined) {
    throw refused(
      `credential ${name}`,
      'cannot be read: only systemd gives credentials, by LoadCredential= in the unit; to start this by hand, name a file in its place',
    )
  }
  const path = join(directory, name)
  return { place: `credential ${name}`, content: await fileSystem.readFile(path) }
}

async function readDescriptor(descriptor: number): Promise<ReadSource> {
  const place = `descriptor ${descriptor}`
  if (!isGiven(descriptor)) {
    throw refused(place, `is not open: open it in the shell, as in \`${descriptor}< FILE\``)
  }
  try {
    return { place, content: await promisify(readFile)(descriptor) }
  } catch (cause) {
    throw fileError(place, 'read', cause)
  }
}

/**
 * Whether whoever started this process left the descriptor open for it. Node opens some of its own with low numbers;
 * one of these is no file at all, or a pipe of which this process holds both ends, and whose end would never come.
 */
function isGiven(descriptor: number): boolean {
  const own = openDescriptors()
  const target = own.get(String(descriptor))
  if (target === undefined || target.startsWith('anon_inode:')) return false
  return !target.startsWith('pipe:') || [...own.values()].filter((other) => other === target).length === 1
}

/** What each open descriptor of this process is, as proc(5) has it. */
function openDescriptors(): ReadonlyMap<string, string> {
  const folder = '/proc/self/fd'
  const targets = new Map<string, string>()
  for (const name of readdirSync(folder)) {
    try {
      targets.set(name, readlinkSync(join(folder, name)))
    } catch {
      // Closed meanwhile, as that of this listing is.
    }
  }
  return targets
}

function withoutLineBreak(content: Uint8Array): Uint8Array {
  const text = Buffer.from(content)
  if (text.at(-1) !== 0x0a) return content
  return content.subarray(0, text.at(-2) === 0x0d ? -2 : -1)
}

function refused(place: string, reason: string): MayflyError {
  return new MayflyError('config-invalid', `${place} ${reason}`)
}

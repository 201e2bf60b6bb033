import { isMayflyError, MayflyError } from '@mayfly/ca-core'
import type { Session } from '../session.ts'

/** Larger than anything that can be inspected. */
const subjectBytesMax = 1_048_576

/** The bytes of the file at `path`, or of standard input for `-`. @throws MayflyError `file-missing`, `usage` */
export async function readSubject(path: string, { fileSystem }: Session): Promise<Uint8Array> {
  if (path === '-') return readStandardInput()
  try {
    const bytes = await fileSystem.readFile(path)
    if (bytes.byteLength <= subjectBytesMax) return bytes
  } catch (cause) {
    if (!isMayflyError(cause, 'file-missing')) throw cause
    throw new MayflyError(
      'file-missing',
      `There is no file ${path}. A live server is written as https://host:port.`,
      {
        details: { path },
        cause,
      },
    )
  }
  throw tooLarge(path)
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > subjectBytesMax) throw tooLarge('standard input')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function tooLarge(subject: string): MayflyError {
  return new MayflyError(
    'usage',
    `${subject} is over ${subjectBytesMax} bytes and nothing that Mayfly makes.`,
  )
}

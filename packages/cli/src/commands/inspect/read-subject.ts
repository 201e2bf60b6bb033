import { isMayflyError, MayflyError } from '@mayfly/ca-core'
import { readStandardInput } from '../../terminal/read-standard-input.ts'
import type { Session } from '../session.ts'

/** Larger than anything that can be inspected. */
const subjectBytesMax = 1_048_576

/** The bytes of the file at `path`, or of standard input for `-`. @throws MayflyError `file-missing`, `usage` */
export async function readSubject(path: string, { fileSystem }: Session): Promise<Uint8Array> {
  if (path === '-') {
    const bytes = await readStandardInput(subjectBytesMax)
    if (bytes.byteLength <= subjectBytesMax) return bytes
    throw tooLarge('standard input')
  }
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

function tooLarge(subject: string): MayflyError {
  return new MayflyError(
    'usage',
    `${subject} is over ${subjectBytesMax} bytes and nothing that Mayfly makes.`,
  )
}

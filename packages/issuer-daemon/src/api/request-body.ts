import { MayflyError } from '@mayfly/ca-core'

/** A body that was read as JSON, or why it could not be. */
export type ReadBody =
  | { readonly read: true; readonly value: unknown }
  | { readonly read: false; readonly error: MayflyError }

/** Reads a body without refusing it: who asked is found out and recorded before anything is refused. */
export function readJsonBody(bytes: Uint8Array | undefined): ReadBody {
  if (bytes === undefined || bytes.length === 0) return broken('The body is empty; it must be JSON.')
  try {
    // RFC 8259 8.1: JSON between systems is UTF-8; other bytes are refused, not replaced.
    return { read: true, value: JSON.parse(utf8.decode(bytes)) }
  } catch {
    return broken('The body is not JSON in UTF-8.')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** RFC 9110 8.3.1: the type without its parameters, in lower case. */
export function mediaTypeOf(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase()
}

function broken(message: string): ReadBody {
  return { read: false, error: new MayflyError('request-invalid', message) }
}

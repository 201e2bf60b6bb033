import { MayflyError, readJsonBytes } from '@mayfly/ca-core'

/** A body that was read as JSON, or why it could not be. */
export type ReadBody =
  | { readonly read: true; readonly value: unknown }
  | { readonly read: false; readonly error: MayflyError }

/** Reads a body without refusing it: who asked is found out and recorded before anything is refused. */
export function readJsonBody(bytes: Uint8Array | undefined): ReadBody {
  if (bytes === undefined || bytes.length === 0) return broken('The body is empty; it must be JSON.')
  const reading = readJsonBytes(bytes)
  switch (reading.is) {
    case 'read':
      return { read: true, value: reading.value }
    case 'broken':
      return broken('The body is not JSON in UTF-8.')
    case 'ambiguous':
      return broken('An object in the body has a member twice, or one whose name is written with an escape.')
  }
}

/** RFC 9110 8.3.1: the type without its parameters, in lower case. */
export function mediaTypeOf(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase()
}

function broken(message: string): ReadBody {
  return { read: false, error: new MayflyError('request-invalid', message) }
}

import { MayflyError, readJson } from '@mayfly/ca-core'

/** The text of a body, empty where there is none, or why it is none. */
export type ReceivedBody =
  | { readonly received: true; readonly text: string }
  | { readonly received: false; readonly because: string }

/** A body that was read as JSON, or why it could not be. */
export type ReadBody =
  | { readonly read: true; readonly value: unknown }
  | { readonly read: false; readonly error: MayflyError }

const noJson = 'The body is not JSON in UTF-8.'

/** RFC 8259 8.1: JSON between systems is UTF-8 without a mark; other bytes are refused, not replaced. */
export function receiveBody(bytes: Uint8Array | undefined): ReceivedBody {
  if (bytes === undefined || bytes.length === 0) return { received: true, text: '' }
  try {
    return { received: true, text: utf8.decode(bytes) }
  } catch {
    return { received: false, because: noJson }
  }
}

/** Reads a body without refusing it: who asked is found out and recorded before anything is refused. */
export function readJsonBody(body: ReceivedBody): ReadBody {
  if (!body.received) return broken(body.because)
  if (body.text === '') return broken('The body is empty; it must be JSON.')
  const reading = readJson(body.text)
  switch (reading.is) {
    case 'read':
      return { read: true, value: reading.value }
    case 'broken':
      return broken(noJson)
    case 'ambiguous':
      return broken('An object in the body has a member twice, or one whose name is written with an escape.')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** RFC 9110 8.3.1: the type without its parameters, in lower case. */
export function mediaTypeOf(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase()
}

function broken(message: string): ReadBody {
  return { read: false, error: new MayflyError('request-invalid', message) }
}

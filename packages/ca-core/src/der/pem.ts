import { MayflyError } from '../errors/mayfly-error.ts'

export type PemLabel =
  | 'CERTIFICATE'
  | 'CERTIFICATE REQUEST'
  | 'PRIVATE KEY'
  | 'ENCRYPTED PRIVATE KEY'
  | 'PUBLIC KEY'
  | 'PKCS#11 PROVIDER URI'

/** A bundle of 64 large certificates stays well under it. */
export const pemCharactersMax = 1_048_576

const lineCharacters = 64

const blockPattern =
  /-----BEGIN ([A-Z0-9# ]{1,40})-----\r?\n([A-Za-z0-9+/=\r\n]*?)-----END ([A-Z0-9# ]{1,40})-----/g

/** RFC 7468 section 2: lines of 64 characters, ends with a newline. */
export function encodePem(label: PemLabel, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64')
  let text = `-----BEGIN ${label}-----\n`
  for (let at = 0; at < base64.length; at += lineCharacters) {
    text += `${base64.slice(at, at + lineCharacters)}\n`
  }
  return `${text}-----END ${label}-----\n`
}

/** The one block of `text`, which must have `label`. Throws `pem-invalid`. */
export function decodePem(label: PemLabel, text: string): Uint8Array {
  const blocks = decodePemAll(label, text)
  const [first, second] = blocks
  if (first === undefined || second !== undefined) {
    throw new MayflyError('pem-invalid', `Expected one PEM block "${label}" and found ${blocks.length}.`)
  }
  return first
}

/**
 * Every block of `text`, in order; each must have `label`. Text around the blocks is allowed
 * (RFC 7468 section 2), a broken block is not. Throws `pem-invalid`.
 */
export function decodePemAll(label: PemLabel, text: string): Uint8Array[] {
  if (text.length > pemCharactersMax) throw pemInvalid(`it is longer than ${pemCharactersMax} characters`)
  const blocks = [...text.matchAll(blockPattern)]
  const begun = text.split('-----BEGIN ').length - 1
  if (blocks.length !== begun) throw pemInvalid('a block is not closed or holds something else than base64')
  return blocks.map(([, begin = '', body = '', end = '']) => {
    if (begin !== end) throw pemInvalid(`"BEGIN ${begin}" is closed by "END ${end}"`)
    if (begin !== label) throw pemInvalid(`it holds "${begin}" where "${label}" belongs`)
    return decodeBase64(body.replace(/[\r\n]/g, ''))
  })
}

/** Strict: Buffer would skip what it does not know, which gives one text two readings. */
function decodeBase64(base64: string): Uint8Array {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64') !== base64) throw pemInvalid('the base64 is broken')
  return new Uint8Array(bytes)
}

function pemInvalid(what: string): MayflyError {
  return new MayflyError('pem-invalid', `The PEM text is broken: ${what}.`)
}

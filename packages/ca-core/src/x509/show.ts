import { MayflyError } from '../errors/mayfly-error.ts'
import { loadPeculiar } from './peculiar.ts'

/** More than any certificate or request to look at. */
export const shownBytesMax = 65_536

/**
 * A certificate of anybody, not only of Mayfly, as text for people: nothing is to be decided by it.
 * Takes DER or PEM. Throws `certificate-invalid`.
 */
export async function showCertificate(derOrPem: Uint8Array | string): Promise<string> {
  const { X509Certificate } = await loadPeculiar()
  return show('certificate-invalid', derOrPem, () => new X509Certificate(bytesOf(derOrPem)).toString('text'))
}

/** A certificate request of anybody as text for people. Takes DER or PEM. Throws `csr-invalid`. */
export async function showCertificateRequest(derOrPem: Uint8Array | string): Promise<string> {
  const { Pkcs10CertificateRequest } = await loadPeculiar()
  return show('csr-invalid', derOrPem, () => new Pkcs10CertificateRequest(bytesOf(derOrPem)).toString('text'))
}

function show(
  code: 'certificate-invalid' | 'csr-invalid',
  input: Uint8Array | string,
  read: () => string,
): string {
  if (input.length > shownBytesMax) throw new MayflyError(code, `It is longer than ${shownBytesMax} bytes.`)
  try {
    return withoutControlCharacters(read())
  } catch (cause) {
    throw new MayflyError(code, 'It cannot be read, neither as DER nor as PEM.', { cause })
  }
}

function bytesOf(derOrPem: Uint8Array | string): string | ArrayBuffer {
  return typeof derOrPem === 'string' ? derOrPem : new Uint8Array(derOrPem).buffer
}

/** Names are other people's text, and the reader is a terminal. */
function withoutControlCharacters(text: string): string {
  return text.replace(
    /[^\P{Cc}\n]/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

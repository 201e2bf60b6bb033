/** What a text may be, told by its form alone. */
export type Recognised =
  | { readonly is: 'certificates'; readonly text: string }
  | { readonly is: 'request'; readonly text: string }
  | { readonly is: 'private-key'; readonly encrypted: boolean }
  | { readonly is: 'bundle'; readonly text: string }
  | { readonly is: 'token'; readonly text: string }
  | { readonly is: 'der'; readonly bytes: Uint8Array }
  | { readonly is: 'unknown' }

/** The first byte of every DER SEQUENCE. */
const sequenceTag = 0x30

/** Certificates come first: a file with a key and its chain is shown by its chain. */
export function recognise(bytes: Uint8Array): Recognised {
  const text = Buffer.from(bytes).toString('utf8')
  if (text.includes('-----BEGIN CERTIFICATE-----'))
    return { is: 'certificates', text: onlyCertificates(text) }
  if (text.includes('-----BEGIN CERTIFICATE REQUEST-----')) return { is: 'request', text }
  const key = /-----BEGIN (ENCRYPTED )?(?:\w+ )?PRIVATE KEY-----/.exec(text)
  if (key !== null) return { is: 'private-key', encrypted: key[1] !== undefined }
  const trimmed = text.trim()
  if (trimmed.startsWith('{')) return { is: 'bundle', text }
  if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(trimmed)) return { is: 'token', text: trimmed }
  return bytes[0] === sequenceTag ? { is: 'der', bytes } : { is: 'unknown' }
}

function onlyCertificates(text: string): string {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return `${blocks.join('\n')}\n`
}

/** Put in the place of what a log must not hold. */
const redacted = '[redacted]'

const secretKey = /passphrase|password|secret|token$|privatekey|^authorization$|^cookie$|^key$|^pem$/i
const depthMax = 8

/**
 * A copy in which the values of keys that name secrets are replaced, at any depth. Key material that
 * Node knows as such (`KeyObject`) never passes, whatever its name.
 */
export function redactFields(value: unknown, depth: number = 0): unknown {
  if (value === null || typeof value !== 'object') return value
  if (isKeyMaterial(value) || depth >= depthMax) return redacted
  if (Array.isArray(value)) return value.map((item) => redactFields(item, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      secretKey.test(key) ? redacted : redactFields(field, depth + 1),
    ]),
  )
}

function isKeyMaterial(value: object): boolean {
  const tag = Object.prototype.toString.call(value)
  return (
    value.constructor.name.endsWith('KeyObject') || tag === '[object CryptoKey]' || ArrayBuffer.isView(value)
  )
}

/** RFC 7468 private keys of every kind, with `\n` as JSON writes it or as it is; also one that was cut off. */
const pemPrivateKey = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[A-Za-z0-9+/=:,. -]|\\[nr]|[\r\n])*/g
/** A compact JWS or JWT: three parts of base64url, the first of which begins as `{"` does. */
const compactJws = /\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*/g

/** Removes private keys and tokens from a finished line, wherever they came from. */
export function redactText(line: string): string {
  return line.replaceAll(pemPrivateKey, redacted).replaceAll(compactJws, redacted)
}

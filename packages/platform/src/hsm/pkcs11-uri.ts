import { isAbsolute } from 'node:path'
import { MayflyError } from '@mayfly/ca-core'
import type { KeyChoice, TokenChoice } from './hsm-messages.ts'

/** What a PKCS #11 URI (RFC 7512) says of a token, a key in it, and the module that reaches it. */
export interface Pkcs11Uri {
  readonly choice: TokenChoice
  readonly key: KeyChoice
  readonly module?: string
}

const charactersMax = 2_048
const tokenAttributes = ['token', 'serial', 'manufacturer', 'model'] as const

/** @throws MayflyError `config-invalid` with what is wrong; nothing of a PIN is in it */
export function parsePkcs11Uri(text: string): Pkcs11Uri {
  if (text.length > charactersMax) throw uriInvalid(`is longer than ${charactersMax} characters`)
  const [scheme = '', rest] = splitOnce(text, ':')
  if (scheme !== 'pkcs11' || rest === undefined) throw uriInvalid('does not begin with pkcs11:')
  const [path = '', query] = splitOnce(rest, '?')
  const attributes = attributesOf(path, ';')
  const { 'module-path': module } = queryOf(query)
  const choice: Record<string, string> = {}
  let key: KeyChoice = {}
  for (const [name, value] of attributes) {
    if (name === 'id') key = { ...key, id: value }
    else if (name === 'object') key = { ...key, label: textOf(value) }
    else if (name === 'type') requirePrivate(textOf(value))
    else if ((tokenAttributes as readonly string[]).includes(name)) choice[name] = textOf(value)
    else throw uriInvalid(`has the attribute "${name}", which is not used here`)
  }
  return { choice, key, ...(module !== undefined && { module }) }
}

/** The URI of one private key in one token. */
export function formatKeyUri(
  token: { readonly token: string; readonly serial: string },
  id: Uint8Array,
): string {
  const { token: label, serial } = token
  return `pkcs11:token=${encode(label)};serial=${encode(serial)};id=${encodeBytes(id)};type=private`
}

function queryOf(query: string | undefined): { readonly 'module-path'?: string } {
  let module: string | undefined
  for (const [name, value] of query === undefined ? [] : attributesOf(query, '&')) {
    if (name === 'pin-value' || name === 'pin-source')
      throw uriInvalid('has a PIN or its place; say where the PIN comes from under `pin`')
    if (name !== 'module-path') throw uriInvalid(`has the attribute "${name}", which is not used here`)
    module = textOf(value)
    if (!isAbsolute(module)) throw uriInvalid('has a module-path that is not absolute')
  }
  return module === undefined ? {} : { 'module-path': module }
}

function attributesOf(list: string, separator: string): (readonly [string, Uint8Array])[] {
  const seen = new Set<string>()
  return list
    .split(separator)
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', value] = splitOnce(part, '=')
      if (value === undefined) throw uriInvalid('has an attribute without a value')
      // RFC 7512 2.3: none may be there twice.
      if (seen.has(name)) throw uriInvalid(`has "${name}" twice`)
      seen.add(name)
      return [name, decode(name, value)] as const
    })
}

function requirePrivate(type: string): void {
  if (type !== 'private') throw uriInvalid(`has the type "${type}"; the key of an intermediate is private`)
}

function decode(name: string, value: string): Uint8Array {
  if (/%(?![0-9A-Fa-f]{2})/.test(value) || !/^[\x21-\x7e]*$/.test(value))
    throw uriInvalid(`has a broken value of "${name}"`)
  const bytes = value.split(/(%[0-9A-Fa-f]{2})/).map((part) => {
    return part.startsWith('%') ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part, 'latin1')
  })
  return new Uint8Array(Buffer.concat(bytes))
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function encode(text: string): string {
  return encodeURIComponent(text)
}

function encodeBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function uriInvalid(what: string): MayflyError {
  return new MayflyError(
    'config-invalid',
    `The PKCS #11 URI ${what}. It is like \`pkcs11:token=NAME?module-path=/usr/lib/MODULE.so\` (RFC 7512).`,
  )
}

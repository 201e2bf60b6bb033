export interface PassfileKey {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

/**
 * The password of the first line that fits, of a file in libpq's form (PostgreSQL 34.16):
 * `host:port:database:user:password`, with `*` for anything and `\` before a colon or a backslash.
 */
export function findInPassfile(text: string, key: PassfileKey): string | undefined {
  // Unix sockets go by the name of the machine itself.
  const host = key.host.startsWith('/') ? 'localhost' : key.host
  const wanted = [host, String(key.port), key.database, key.user]
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const fields = (line.match(/(?:^|:)(?:\\.|[^:\\])*/g) ?? []).map(unescaped)
    const password = fields[4]
    if (password === undefined) continue
    if (wanted.every((value, index) => fields[index] === '*' || fields[index] === value)) return password
  }
  return undefined
}

function unescaped(field: string): string {
  return field.replace(/^:/, '').replace(/\\(.)/g, '$1')
}

/** Where a PostgreSQL store is, without any secret. */
export interface PostgresAddress {
  /** The members of a cluster; the one that takes writes is used, whichever that is at the time. */
  readonly hosts: readonly PostgresHost[]
  readonly user: string
  readonly database: string
}

export interface PostgresHost {
  /** A name, an address, or the folder of a Unix socket, which begins with `/`. */
  readonly host: string
  readonly port: number
}

export type ReadPostgresUrl =
  | { readonly ok: true; readonly address: PostgresAddress }
  /** Why not; nothing of the text is in it, as it may hold a password. */
  | { readonly ok: false; readonly reason: string }

const defaultPort = 5_432
const portMax = 65_535

/** Whether the text is meant as the URL of a PostgreSQL store. */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(?:ql)?:/.test(text)
}

/**
 * Reads `postgres://user@host:port,host:port/database`, percent-encoded where need be; a host that begins with
 * `%2F` is the folder of a Unix socket. A password or options in it are refused: they have keys of their own.
 */
export function readPostgresUrl(text: string): ReadPostgresUrl {
  const form = /^postgres(?:ql)?:\/\/(?:([^@/]*)@)?([^@/?#]+)\/([^@/?#]+)([?#].*)?$/.exec(text)
  if (form === null) return refused('must be postgres://user@host/database')
  const [, userInfo = '', hostList = '', database = '', options] = form
  if (userInfo.includes(':')) return refused('must hold no password; give it with database.password')
  if (options !== undefined) return refused('must end with the database; database.* holds what else there is')
  const user = decoded(userInfo)
  if (user === undefined || user === '') return refused('must name the user: postgres://user@host/database')
  const name = decoded(database)
  const hosts = hostList.split(',').map(readHost)
  if (name === undefined || !hosts.every((host) => host !== undefined)) {
    return refused('has a host, port or database that cannot be read')
  }
  return { ok: true, address: { hosts, user, database: name } }
}

/** Whether what is sent to it stays on this machine. */
export function isLocalHost({ host }: PostgresHost): boolean {
  return /^(?:\/.*|localhost|127(?:\.\d{1,3}){3}|::1)$/.test(host)
}

/** As messages name it. */
export function describePostgres({ hosts, user, database }: PostgresAddress): string {
  return `postgres://${user}@${hosts.map(({ host, port }) => `${host}:${port}`).join(',')}/${database}`
}

function readHost(text: string): PostgresHost | undefined {
  const form = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(text)
  const host = form?.[1] ?? decoded(form?.[2] ?? '')
  const port = Number(form?.[3] ?? defaultPort)
  if (host === undefined || host === '' || port === 0 || port > portMax) return undefined
  return { host, port }
}

function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text)
    return plain.includes('\0') ? undefined : plain
  } catch {
    return undefined
  }
}

function refused(reason: string): ReadPostgresUrl {
  return { ok: false, reason }
}

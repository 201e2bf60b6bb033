import type { PostgresAddress } from './postgres/connecting/postgres-url.ts'

/** Where the issuer remembers. */
export type StoreLocation = { readonly kind: 'sqlite'; readonly path: string } | PostgresLocation

export interface PostgresLocation {
  readonly kind: 'postgres'
  readonly address: PostgresAddress
  /** Where the password is; the password file of libpq if absent. */
  readonly password?: DatabasePasswordSource
  /** File with the authorities of which the database must show a certificate in its own name; no TLS if absent. */
  readonly ca?: string
  readonly leaseSeconds: number
}

export type DatabasePasswordSource =
  | { readonly file: string }
  /** A systemd credential, by its name. */
  | { readonly credential: string }

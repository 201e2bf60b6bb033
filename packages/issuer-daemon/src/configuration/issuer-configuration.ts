import type { KeyType } from '@mayfly/ca-core'
import type { AccessRequest } from '@mayfly/platform'
import type * as z from 'zod'
import type { DelegateRights } from '../admin/admin-rights.ts'
import type { StoreLocation } from '../store/store-location.ts'
import type { issuerFile } from './issuer-file.ts'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** An admin with a socket of its own. */
export interface DelegateSettings {
  readonly socket: string
  readonly access: AccessRequest
  readonly rights: DelegateRights
}

/** Where a passphrase or PIN comes from. */
export type PassphraseSource =
  | { readonly file: string }
  /** A systemd credential (`LoadCredential=`), by its name. */
  | { readonly credential: string }
  | { readonly prompt: true }

export interface HsmSettings {
  /** PKCS #11 URI of the token and its module. */
  readonly uri: string
  readonly pin: PassphraseSource
}

/**
 * What `issuer.yaml` says, with the defaults filled in, times in seconds and paths absolute.
 * `issuerFile` describes the file itself.
 */
export interface IssuerConfiguration {
  /** `https://host` or `https://host:port`, without a path. */
  readonly url: string
  readonly listen: ListenAddress
  readonly state: string
  readonly trustDomain: string
  readonly store: StoreLocation
  readonly passphrase: PassphraseSource
  /** Where keys of intermediates are made and used; in files if absent. */
  readonly hsm?: HsmSettings
  readonly tls: {
    /** Names of the issuer's own certificate in text form; the first is the host of `url`. */
    readonly names: readonly string[]
    readonly keyType: KeyType
  }
  readonly issuing: {
    readonly lifetimeSeconds: number
    readonly cycleSeconds: number
    readonly recoveryWindowSeconds: number
    readonly tokenLifetimeSeconds: number
    readonly keyTypes: readonly KeyType[]
    readonly dailyQuota: number
    readonly retentionSeconds: number
  }
  /** How long a look at the trust bundle holds; as agents think best if absent. */
  readonly bundle: { readonly maxAgeSeconds?: number }
  readonly sweep: { readonly cron: string; readonly chunk: number }
  readonly limits: IssuerFile['limits']
  readonly audit: { readonly retentionSeconds: number }
  readonly admin: { readonly socket: string; readonly delegates: readonly DelegateSettings[] }
  readonly metrics: { readonly listen?: ListenAddress }
  readonly health: { readonly atApi: boolean }
  readonly log: { readonly level: IssuerFile['log']['level'] }
}

/** The file as written, after its own rules: what `toConfiguration` makes a configuration of. */
export type IssuerFile = z.output<typeof issuerFile>

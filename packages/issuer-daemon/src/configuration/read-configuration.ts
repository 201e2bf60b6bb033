import { join } from 'node:path'
import { type FileSystem, formatName, parseName } from '@mayfly/ca-core'
import { readYamlConfiguration } from '@mayfly/platform'
import type { StoreLocation } from '../store/store-location.ts'
import { adminSocketIn, whereMissing } from './admin-place.ts'
import { brokenRules, certificatesPerDay } from './configuration-rules.ts'
import type {
  DelegateSettings,
  IssuerConfiguration,
  IssuerFile,
  PassphraseSource,
} from './issuer-configuration.ts'
import { issuerFile } from './issuer-file.ts'

/**
 * Room above what the cycle needs: a host whose certificates all fail asks for ten a day (the agent's `waste-key.ts`), and
 * must have some left when the cause is gone, for restarts and for `renew --now`.
 */
const quotaReserve = 6

/**
 * Reads `issuer.yaml`. Throws `config-invalid` with file, line, key and reason of everything that is
 * wrong, unknown keys included.
 */
export function readIssuerConfiguration(fileSystem: FileSystem, path: string): Promise<IssuerConfiguration> {
  return readYamlConfiguration(fileSystem, path, issuerConfiguration, { whereMissing })
}

const issuerConfiguration = issuerFile
  .superRefine((file, context) => {
    for (const { path, reason } of brokenRules(file)) {
      context.addIssue({ code: 'custom', path: [...path], message: reason })
    }
  })
  .transform(toConfiguration)

function toConfiguration(file: IssuerFile): IssuerConfiguration {
  const { issuing } = file
  const names = ownNames(file)
  return {
    url: file.url,
    listen: file.listen,
    state: file.state,
    trustDomain: file.trustDomain,
    store: storeLocation(file),
    passphrase: secretSource(file.passphrase),
    ...(file.hsm && { hsm: { uri: file.hsm.uri, pin: secretSource(file.hsm.pin) } }),
    tls: { names, keyType: file.tls.keyType },
    issuing: {
      lifetimeSeconds: issuing.lifetime,
      cycleSeconds: issuing.cycle,
      recoveryWindowSeconds: issuing.recoveryWindow,
      tokenLifetimeSeconds: issuing.tokenLifetime,
      keyTypes: issuing.keyTypes,
      dailyQuota: issuing.dailyQuota ?? quotaReserve * certificatesPerDay(issuing.cycle),
      retentionSeconds: issuing.retention,
    },
    bundle: file.bundle.maxAge === undefined ? {} : { maxAgeSeconds: file.bundle.maxAge },
    sweep: file.sweep,
    limits: file.limits,
    audit: { retentionSeconds: file.audit.retention },
    admin: {
      socket: file.admin.socket ?? adminSocketIn(file.state),
      delegates: Object.entries(file.admin.delegates).map(([name, one]) =>
        delegateSettings(name, one, {
          issuerNames: names,
          alike: namesOfAlike(name, file.admin.delegates),
        }),
      ),
    },
    metrics: file.metrics.listen === undefined ? {} : { listen: file.metrics.listen },
    health: file.health,
    log: file.log,
  }
}

function storeLocation({ state, store, database }: IssuerFile): StoreLocation {
  if (store?.kind !== 'postgres') return store ?? { kind: 'sqlite', path: join(state, 'store.sqlite') }
  const { password, ca, lease } = database
  return {
    ...store,
    leaseSeconds: lease,
    ...(ca !== undefined && { ca }),
    ...(password?.file !== undefined && { password: { file: password.file } }),
    ...(password?.credential !== undefined && { password: { credential: password.credential } }),
  }
}

function delegateSettings(
  name: string,
  file: IssuerFile['admin']['delegates'][string],
  { issuerNames, alike }: { readonly issuerNames: readonly string[]; readonly alike: readonly string[] },
): DelegateSettings {
  const { socket, owner, group, mode, may, names, identities, profiles, tokenLifetimeMax } = file
  return {
    socket,
    access: { owner, group, mode },
    rights: {
      is: 'delegate',
      name,
      may,
      names,
      issuerNames: issuerNames.map(parseName),
      identities,
      profiles,
      alike,
      ...(tokenLifetimeMax !== undefined && { tokenLifetimeSecondsMax: tokenLifetimeMax }),
    },
  }
}

/** Other delegates with the same powers over the same identities. */
function namesOfAlike(name: string, delegates: IssuerFile['admin']['delegates']): string[] {
  const sayOf = (one: string): string => {
    const { may, names, identities, profiles } = delegates[one] ?? {}
    return JSON.stringify(
      [may, names, identities, profiles].map((list = []) =>
        list.map((item) => JSON.stringify(item)).toSorted(),
      ),
    )
  }
  return Object.keys(delegates).filter((other) => other !== name && sayOf(other) === sayOf(name))
}

function ownNames(file: IssuerFile): string[] {
  // The host of a URL with an IPv6 address stands in brackets.
  const host = new URL(file.url).hostname.replace(/^\[|\]$/g, '')
  return [...new Set([host, ...file.tls.names].map((name) => formatName(parseName(name))))]
}

/** The one source that is given; the file's own rule saw to that. */
function secretSource({ file, credential }: IssuerFile['passphrase']): PassphraseSource {
  if (file !== undefined) return { file }
  return credential === undefined ? { prompt: true } : { credential }
}

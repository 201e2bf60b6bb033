import { X509Certificate } from 'node:crypto'
import { type FileSystem, MayflyError } from '@mayfly/ca-core'
import type { OpenStorePorts } from '../../open-store-ports.ts'
import type { Store } from '../../store.ts'
import type { PostgresLocation } from '../../store-location.ts'
import { openPostgresStore } from '../open-postgres-store.ts'
import { databasePassword } from './database-password.ts'

/** Opens the store with what the files beside the configuration hold. */
export async function openConfiguredDatabase(
  location: PostgresLocation,
  ports: OpenStorePorts,
): Promise<Store> {
  const { address, ca, leaseSeconds } = location
  return openPostgresStore({
    address,
    leaseSeconds,
    clock: ports.clock,
    random: ports.random,
    password: (host) => databasePassword(location, host, ports),
    ...(ca !== undefined && { ca: await readAuthorities(ca, ports.fileSystem) }),
  })
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** PEM of at least one certificate: an empty `ca` would mean the public roots to Node. */
async function readAuthorities(path: string, fileSystem: FileSystem): Promise<string> {
  const text = Buffer.from(await fileSystem.readFile(path)).toString('latin1')
  try {
    const authorities = (text.match(pemCertificate) ?? []).map((pem) => new X509Certificate(pem))
    if (authorities.length > 0) return authorities.map(String).join('')
  } catch (cause) {
    throw new MayflyError('config-invalid', `${path}: a certificate in it cannot be read`, { cause })
  }
  throw new MayflyError('config-invalid', `${path}: there is no certificate in PEM in it`)
}

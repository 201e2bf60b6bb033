import type { OpenStorePorts } from './open-store-ports.ts'
import { openSqliteStore } from './sqlite/open-sqlite-store.ts'
import type { Store } from './store.ts'
import type { StoreLocation } from './store-location.ts'

/**
 * Where requests come together, a thread writes what they bring: the event loop goes on with other requests while it
 * waits for the disk. What one brings is written at once, since going over to the thread and back takes as long.
 */
const changesForThreadMin = 2

/**
 * Opens the store that the configuration names. The driver for PostgreSQL is loaded only where it is needed.
 *
 * @throws MayflyError as `openSqliteStore` and `openPostgresStore`; `file-missing`, `config-invalid` where the
 * file of the database's authorities is not there or holds none
 */
export async function openStore(location: StoreLocation, ports: OpenStorePorts): Promise<Store> {
  if (location.kind === 'sqlite')
    return openSqliteStore({ ...location, clock: ports.clock, changesForThreadMin })
  const { openConfiguredDatabase } = await import('./postgres/connecting/open-configured-database.ts')
  return openConfiguredDatabase(location, ports)
}

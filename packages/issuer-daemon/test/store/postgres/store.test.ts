import { after, before } from 'node:test'
import { storeSuite } from '../../../../../test/suites/store-suite.ts'
import { withoutPackages } from '../../../../../test/support/missing-programs.ts'
import { type DatabaseServer, startDatabaseServer } from '../../support/database-server.ts'
import { openTestStore } from '../../support/postgres-store.ts'

const skip = withoutPackages('postgresql')

let server: DatabaseServer
before(async () => {
  if (skip === false) server = await startDatabaseServer()
})
after(() => server?.remove())

if (skip === false) {
  storeSuite('PostgreSQL', async () => {
    const url = await server.createDatabase()
    return { open: () => openTestStore(url), remove: async () => undefined }
  })
}

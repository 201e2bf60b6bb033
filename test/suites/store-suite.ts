import { describe } from 'node:test'
import { auditTests } from './store/audit-tests.ts'
import { changeTests } from './store/change-tests.ts'
import { fleetTests } from './store/fleet-tests.ts'
import { identityTests } from './store/identity-tests.ts'
import { issuanceTests } from './store/issuance-tests.ts'
import { createBench, type StoreEngine } from './store/store-bench.ts'
import { taintTests } from './store/taint-tests.ts'
import { upkeepTests } from './store/upkeep-tests.ts'

export type { StoreEngine }

/** What every store engine keeps, whatever it is made of. */
export function storeSuite(engineName: string, createEngine: () => Promise<StoreEngine>): void {
  describe(`store, ${engineName}`, () => {
    const bench = createBench(createEngine)
    changeTests(bench)
    identityTests(bench)
    issuanceTests(bench)
    taintTests(bench)
    upkeepTests(bench)
    fleetTests(bench)
    auditTests(bench)
  })
}

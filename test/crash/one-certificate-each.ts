import assert from 'node:assert/strict'
import { auditChainOrigin, type Store, verifyAuditChain } from '@mayfly/issuer-daemon'
import type { DatabaseServer } from '../../packages/issuer-daemon/test/support/database-server.ts'

/** What must be true after whatever happened: each key has one certificate, and the audit tells all of it. */
export async function assertOneCertificateEach(
  keys: readonly string[],
  { store, server, url }: { readonly store: Store; readonly server: DatabaseServer; readonly url: string },
): Promise<void> {
  const rows = await server.ask(
    url,
    `SELECT encode(key, 'hex') AS key, encode(serial, 'hex') AS serial, count(*)::int AS recorded
     FROM mayfly.issuance JOIN mayfly.certificate ON certificate.issuance_id = issuance.id
     WHERE encode(key, 'hex') = ANY($1) GROUP BY key, serial`,
    [[...keys]],
  )
  assert.equal(rows.length, keys.length, 'as many certificates as keys')
  assert.deepEqual(rows.map(({ key }) => key).sort(), keys.toSorted(), 'and each key has one of them')
  assert.ok(rows.every(({ recorded }) => recorded === 1))

  const records = await store.auditRecords({ afterNumber: 0, limit: 1_000_000 })
  assert.ok(verifyAuditChain(auditChainOrigin, records).intact, 'the audit is one chain')
  const audit = records.map(({ text }) => JSON.parse(text) as Record<string, string>)
  const issued = audit.filter(({ outcome }) => outcome === 'issued').map(({ serial }) => serial)
  const burnt = audit.filter(({ reason }) => reason === 'serial-burnt').map(({ serial }) => serial)
  assert.equal(new Set([...issued, ...burnt]).size, issued.length + burnt.length, 'each serial has one end')
  const serials = new Set(issued)
  assert.ok(
    rows.every(({ serial }) => serials.has(String(serial))),
    'no record is lost',
  )
  const [settled] = await server.ask(
    url,
    `SELECT count(*) FILTER (WHERE state = 0)::int AS pending, count(*) FILTER (WHERE state = 1)::int AS recorded,
       count(*) FILTER (WHERE state = 2)::int AS burnt FROM mayfly.issuance`,
  )
  assert.deepEqual(settled, { pending: 0, recorded: issued.length, burnt: burnt.length })
}

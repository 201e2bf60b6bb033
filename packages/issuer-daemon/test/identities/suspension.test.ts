import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { type AdminRights, ownerRights } from '../../src/admin/admin-rights.ts'
import { carryOver } from '../../src/backup/carry-over.ts'
import { requireResumable } from '../../src/identities/suspension.ts'
import type { IdentityRecord, Suspension } from '../../src/store/identity-record.ts'

const web: AdminRights = {
  is: 'delegate',
  name: 'web',
  may: ['identities.write'],
  names: [],
  issuerNames: [],
  identities: ['*'],
  profiles: ['server'],
  alike: ['night'],
}

const byOperator: Suspension = { at: 1, because: 'operator', addresses: [] }
const byConflict: Suspension = { at: 1, because: 'lineage-conflict', addresses: ['a', 'b'] }

for (const [what, suspension, says] of [
  ['itself', { ...byOperator, by: 'web' }, undefined],
  ['one with the same rights', { ...byOperator, by: 'night' }, undefined],
  ['nobody', undefined, undefined],
  ['another', { ...byOperator, by: 'db' }, /by the admin db/],
  ['the owner', byOperator, /by the owner/],
  ['the detection of copies', byConflict, /by the issuer, because two hosts hold its lineage/],
] as const) {
  test(`resuming: suspended by ${what} → a delegate ${says === undefined ? 'may' : 'may not'}, the owner may`, () => {
    const identity = { name: 'x', ...(suspension && { suspension }) }
    requireResumable(ownerRights, identity)
    const resume = () => requireResumable(web, identity)
    if (says === undefined) resume()
    else assert.throws(resume, (error) => isMayflyError(error, 'forbidden') && says.test(error.message))
  })
}

test('restore: suspended by a delegate in the backup, and by the owner since → the owner decides', () => {
  const identity = { name: 'x', names: [], lineagesBegun: 0 } as unknown as IdentityRecord
  const backup = { ...identity, suspension: { ...byOperator, by: 'web' } }
  const replaced = { ...identity, suspension: byOperator }
  assert.equal(carryOver(backup, replaced).next?.suspension?.by, undefined)
  assert.ok(carryOver(backup, replaced).suspended)
  assert.equal(carryOver(replaced, backup).suspended, false)
})

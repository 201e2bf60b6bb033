import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMayflyError, MayflyError } from '@mayfly/ca-core'
import { ownerRights } from '../../src/admin/admin-rights.ts'
import { authorise } from '../../src/api/core/authorisation.ts'
import type { Requirement } from '../../src/api/route.ts'
import type { SecurityContext } from '../../src/issuing/security-context.ts'

const contexts = {
  anonymous: { kind: 'anonymous' },
  failed: { kind: 'failed', error: new MayflyError('token-expired', 'too late') },
  token: { kind: 'token' },
  lineage: { kind: 'lineage' },
  admin: { kind: 'admin', rights: ownerRights },
} as unknown as Record<string, SecurityContext>

const requirements: readonly Requirement[] = ['nothing', 'token', 'lineage', 'admin']

for (const requires of requirements) {
  for (const [kind, context] of Object.entries(contexts)) {
    const expected = outcome(requires, kind)
    test(`authorise: ${requires} required, ${kind} shown → ${expected ?? 'allowed'}`, () => {
      if (expected === undefined) return authorise({ requires }, context)
      assert.throws(
        () => authorise({ requires }, context),
        (error) => isMayflyError(error, expected),
      )
    })
  }
}

function outcome(requires: Requirement, kind: string): MayflyError['code'] | undefined {
  if (requires === 'nothing' || requires === kind) return undefined
  if (kind === 'anonymous') return 'request-unauthenticated'
  return kind === 'failed' ? 'token-expired' : 'forbidden'
}

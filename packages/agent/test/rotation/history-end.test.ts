import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hourMs, readAuditHead } from '@mayfly/ca-core'
import { VirtualHost } from '../support/virtual-host.ts'

test("the end of the issuer's history: given with a certificate → reported with each request, through restarts and enrolments; a shorter one is not taken for it", async () => {
  const host = await VirtualHost.create()
  const reported = () => {
    const { auditHead } = host.issuer.reports.at(-1) ?? assert.fail('nothing was reported')
    return auditHead && readAuditHead(auditHead)?.head.number
  }
  const rotate = () => host.run(13 * hourMs)
  await host.enroll()
  await host.step()
  assert.equal(reported(), undefined)
  host.issuer.historyEnd = 5
  await rotate()
  await rotate()
  assert.equal(reported(), 5)
  host.issuer.historyEnd = 4
  await rotate()
  await rotate()
  assert.equal(reported(), 5)
  host.restart()
  await rotate()
  assert.equal(reported(), 5)
  const { jti } = host.state
  await host.enroll('QUJDREVGR0hJSktMTU5PUA')
  await rotate()
  assert.notEqual(host.state.jti, jti)
  assert.equal(reported(), 5)
  host.issuer.historyEnd = 6
  await rotate()
  await rotate()
  assert.equal(reported(), 6)
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hourMs, MayflyError, minuteMs } from '@mayfly/ca-core'
import { liveGeneration } from '../../src/state/lineage-state.ts'
import { VirtualHost } from '../support/virtual-host.ts'

async function enrolledHost(): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.step()
  return host
}

describe('a server whose own test fails', () => {
  test("the server's own test fails on the old files too: they are left alone, and the new one follows once it passes", async () => {
    const host = await enrolledHost()
    const first = host.state.head
    host.server.failCheck = true
    while (host.state.setbacks.install === undefined) await host.run(minuteMs)
    assert.equal(host.state.setbacks.install.code, 'check-failed')
    const begun = host.events.length
    await host.run(hourMs)
    const told = host.events.slice(begun).map(({ event }) => event)
    assert.deepEqual([...new Set(told)], ['failed'], 'nothing was switched')
    assert.ok(told.length > 5, 'it was tried all the time')
    assert.deepEqual(host.state.live, { number: 1, served: true })
    assert.equal(host.state.setbacks.restore, undefined)
    host.server.failCheck = false
    await host.run(10 * minuteMs)
    assert.notEqual(host.server.servedChain, first.chainPem)
    assert.deepEqual(host.state.setbacks, {})
  })

  test("the server's own test fails to the end of the old one: the new one is put there in time", async () => {
    const host = await enrolledHost()
    const first = host.state.head
    host.server.failCheck = true
    await host.run(first.notAfter - host.clock.now() - hourMs)
    assert.ok((liveGeneration(host.state)?.notAfter ?? 0) > first.notAfter)
  })

  test("the server's test fails on the new files: the live link goes back to the certificate before", async () => {
    const host = await enrolledHost()
    const first = host.state.head.serial
    host.server.check = async () => {
      if (liveGeneration(host.state)?.serial !== first)
        throw new MayflyError('check-failed', 'nginx -t exited with 1.')
    }
    while (host.state.setbacks.install === undefined) await host.run(minuteMs)
    assert.equal(host.state.setbacks.install.code, 'check-failed')
    assert.equal(host.state.setbacks.restore, undefined)
    // Each time that it was tried again, whatever the way back has still to wait for.
    const attempts = new Set<number>()
    for (let looks = 0; looks < 60; looks++) {
      await host.run(minuteMs)
      attempts.add(host.state.setbacks.install?.attempts ?? 0)
      assert.equal(liveGeneration(host.state)?.serial, first)
    }
    assert.ok(attempts.size > 5, `${attempts.size} attempts`)
  })
})

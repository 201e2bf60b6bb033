import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hourMs, minuteMs } from '@mayfly/ca-core'
import { isServed, liveGeneration } from '../../src/state/lineage-state.ts'
import { VirtualHost } from '../support/virtual-host.ts'

async function enrolledHost(): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.step()
  return host
}

describe('a host without room on its disk', () => {
  test('a read-only or full disk leads to endless issuance: nothing is asked for that could not be kept, and the rotation comes when there is room', async () => {
    const host = await enrolledHost()
    await host.run(11 * hourMs)
    const minted = host.issuer.minted
    host.fileSystem.fail({ errno: 'ENOSPC' })
    for (let round = 0; round < 100; round++) {
      await host.step().catch(() => undefined)
      await host.clock.advance(minuteMs)
    }
    assert.ok(host.issuer.minted - minted <= 1)
    host.fileSystem.heal()
    await host.run(10 * minuteMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
  })

  test('the disk is full once the ports have it: no way back, and it is noted when there is room', async () => {
    const host = await enrolledHost()
    await host.run(11 * hourMs)
    const probe = host.server.probe.bind(host.server)
    host.server.probe = async (material) => {
      const served = await probe(material)
      host.fileSystem.fail({ errno: 'ENOSPC', path: /lineages/ })
      return served
    }
    await host.run(2 * hourMs)
    const { chainPem } = host.state.head
    assert.equal(liveGeneration(host.state)?.number, 2)
    for (let minute = 0; minute < 30; minute++) {
      await host.run(minuteMs)
      assert.equal(host.server.servedChain, chainPem)
    }
    assert.equal(host.state.setbacks.restore?.code, 'disk-full')
    host.server.probe = probe
    host.fileSystem.heal()
    await host.run(6 * minuteMs)
    assert.deepEqual(host.state.setbacks, {})
    assert.equal(host.state.head.chainPem, chainPem)
    host.restart()
    await host.step()
    assert.equal(isServed(host.state), true)
    assert.equal(host.server.servedChain, chainPem)
  })
})

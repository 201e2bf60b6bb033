import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { secondMs } from '@mayfly/ca-core'
import { type CheckReport, checkAgent } from '../../src/checking/check-agent.ts'
import type { CheckPorts } from '../../src/checking/check-ports.ts'
import { type CheckedHost, checkedConfigPath, createCheckedHost } from '../support/checked-host.ts'
import type { VirtualHost } from '../support/virtual-host.ts'

describe('mayfly agent check, in the middle of a rotation', () => {
  let checked: CheckedHost
  let host: VirtualHost
  let ports: CheckPorts

  beforeEach(async () => {
    checked = await createCheckedHost()
    ;({ host, ports } = checked)
  })

  const check = (): Promise<CheckReport> => checkAgent({ configPath: checkedConfigPath }, ports)

  /** Begins a check between the switch and the ports, which take until `meanwhile` says so, or the check is over. */
  async function checkAtSwitch(meanwhile: () => Promise<boolean> | boolean): Promise<CheckReport> {
    let report: Promise<CheckReport> | undefined
    host.server.check = async () => {
      if (!(await isSwitched())) return
      let isDone = false
      report = check().finally(() => {
        isDone = true
      })
      for (;;) {
        await setImmediate()
        if (isDone || (host.clock.sleepers > 0 && (await meanwhile()))) return
      }
    }
    await rotate()
    await host.clock.advance(secondMs)
    assert.ok(report)
    return report
  }

  /** The server is tested on the old files too, before anything is switched. */
  const isSwitched = async (): Promise<boolean> =>
    (await host.fileSystem.readLink(host.liveFolder)) === '../archive/web/0002'

  async function rotate(): Promise<void> {
    await host.store.wishRenewal(host.clock.now())
    await host.step()
    assert.equal(host.state.live?.number, 2)
  }

  function assertGood({ findings }: CheckReport, told: string): void {
    assert.deepEqual(
      findings.filter(({ result }) => result !== 'good'),
      [],
    )
    assert.ok(
      findings.some(({ message }) => message === told),
      JSON.stringify(findings),
    )
  }

  test('between the switch and the ports: → waited for, and nothing differs', async () => {
    const report = await checkAtSwitch(() => true)
    assertGood(report, 'generation 2 is installed')
    assertGood(report, 'the installed files are as they should be')
  })

  test('the ports take longer than anybody waits: → what is under way is told, and nothing differs', async () => {
    checked.served = { serial: 'ff'.repeat(16) }
    const report = await checkAtSwitch(async () => {
      await host.clock.advance(secondMs)
      return false
    })
    const doing = 'the agent tests and reloads the server and looks at its ports now'
    assertGood(report, `a rotation is under way: the files are those of generation 2, and ${doing}`)
  })

  test('the switch comes when files and ports are looked at: → they are looked at anew', async () => {
    const look = ports.probe ?? assert.fail('no look at the ports')
    let looks = 0
    ports = {
      ...ports,
      probe: async (endpoint, options) => {
        const before = await look(endpoint, options)
        if (looks++ === 0) await rotate()
        return looks === 1 ? { ...before, serial: host.state.head.serial } : before
      },
    }
    assertGood(await check(), 'generation 2 is installed')
    assert.equal(looks, 2)
  })

  test('the agent was ended there: → a warning that says so, and to start it', async () => {
    // A process that was killed does nothing any more.
    host.server.check = async () => {
      if (await isSwitched()) await new Promise(() => undefined)
    }
    await host.store.wishRenewal(host.clock.now())
    void host.step()
    while (!(await isSwitched())) await setImmediate()
    await setImmediate()
    ports = { ...ports, lock: async () => ({ release: () => undefined }) }
    const { findings } = await check()
    const [told, ...others] = findings.filter(
      ({ check: name, result }) => name !== 'running' && result !== 'good',
    )
    assert.deepEqual(others, [])
    assert.ok(told?.result === 'warning')
    assert.equal(told.code, 'rotation-unfinished')
    assert.match(
      told.message,
      /the agent was ended while it brought generation 2 to the server\. Start it, and/,
    )
  })
})

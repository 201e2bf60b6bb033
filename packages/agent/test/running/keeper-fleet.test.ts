import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MayflyError, minuteMs } from '@mayfly/ca-core'
import { createLogger } from '@mayfly/platform'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { FakeProcessRunner } from '../../../../test/fakes/fake-process-runner.ts'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'
import { agentConfigurationSchema } from '../../src/configuration/agent-configuration.ts'
import { createKeeperFleet, type KeeperFleet } from '../../src/running/keeper-fleet.ts'
import { openBundleShelf } from '../../src/state/bundle-shelf.ts'
import { createIssuerClient } from '../../src/transport/issuer-client.ts'

/** A fleet with one certificate that is not enrolled; `hangs` lets its disk never answer. */
function fleetOn(clock: FakeClock, hangs: () => boolean): KeeperFleet {
  const fileSystem = new MemoryFileSystem()
  const status = fileSystem.status.bind(fileSystem)
  fileSystem.status = (path) => (hangs() ? new Promise(() => undefined) : status(path))
  const nobody = async (): Promise<never> => {
    throw new MayflyError('transport-failed', 'there is no network')
  }
  const transport = { exchange: nobody, getUnverified: nobody }
  return createKeeperFleet({
    ports: {
      clock,
      random: new FakeRandom(),
      fileSystem,
      processRunner: new FakeProcessRunner(),
      transport,
      trace: { step: () => undefined },
      lock: nobody,
    },
    issuer: createIssuerClient(transport, clock),
    shelf: openBundleShelf(fileSystem, '/state'),
    logger: createLogger({ level: 'silent', name: 'test', clock }),
    onEvent: () => undefined,
    onStep: () => undefined,
  })
}

const configuration = agentConfigurationSchema.parse({ state: '/state', certificates: { web: {} } })

test('a fleet whose keepers look every minute, even in vain: → makes progress', async () => {
  const clock = new FakeClock()
  const fleet = fleetOn(clock, () => false)
  await fleet.follow(configuration)
  for (let minutes = 0; minutes < 120; minutes++) await clock.advance(minuteMs)
  assert.equal(fleet.isProgressing(), true)
  await fleet.stop()
})

test('a keeper that hangs: → no progress after half an hour, so that the watchdog ends the agent', async () => {
  const clock = new FakeClock()
  let hanging = false
  const fleet = fleetOn(clock, () => hanging)
  await fleet.follow(configuration)
  hanging = true
  for (let minutes = 0; minutes < 29; minutes++) await clock.advance(minuteMs)
  assert.equal(fleet.isProgressing(), true)
  for (let minutes = 0; minutes < 10; minutes++) await clock.advance(minuteMs)
  assert.equal(fleet.isProgressing(), false)
})

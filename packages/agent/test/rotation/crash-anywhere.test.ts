import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { minuteMs, parseCertificateChain, parsePrivateKey } from '@mayfly/ca-core'
import { liveGeneration } from '../../src/state/lineage-state.ts'
import { VirtualHost } from '../support/virtual-host.ts'

/** More than a rotation has; the loop ends by itself when an operation is never reached. */
const operationsMax = 400

class Crash extends Error {}

describe('a rotation, ended before any one operation on the disk', () => {
  for (const power of ['kept', 'lost'] as const) {
    test(`the process is killed there, power ${power}: nothing is torn, and the next start goes on`, async () => {
      let reached = true
      let crashes = 0
      for (let operation = 1; reached && operation < operationsMax; operation++) {
        reached = await crashAt(operation, power === 'lost')
        if (reached) crashes++
      }
      assert.ok(crashes > 30, `only ${crashes} operations were tried`)
      assert.equal(reached, false, 'the rotation has more operations than the limit')
    })
  }
})

/** Whether the rotation had that many operations. */
async function crashAt(operation: number, powerLoss: boolean): Promise<boolean> {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.step()
  await host.store.wishRenewal(host.clock.now())
  const asked = new Set<string>()
  host.issuer.fault = async (request, real) => {
    const { state } = host.keeper.view()
    if (request.method === 'POST' && state?.staged !== undefined) asked.add(state.staged.keyHash)
    return real()
  }

  const crashed = await stepUntilCrash(host, operation)
  if (powerLoss) host.fileSystem.powerLoss()
  await assertWhole(host)
  await assertKeysKept(host, asked)

  host.restart()
  await host.run(2 * minuteMs)
  await assertWhole(host)
  assert.equal(host.state.live?.served, true, `operation ${operation}`)
  assert.equal(liveGeneration(host.state)?.serial, host.state.head.serial)
  assert.deepEqual(host.state.setbacks, {}, `operation ${operation}`)
  assert.ok(host.issuer.minted >= 2, `operation ${operation}: the wish for a new certificate was forgotten`)
  assert.ok(host.state.staged?.promise, 'the next key is not asked for')
  return crashed
}

async function stepUntilCrash(host: VirtualHost, operation: number): Promise<boolean> {
  let count = 0
  let crashed = false
  host.fileSystem.onOperation = () => {
    // A dead process does nothing any more.
    if (crashed || ++count === operation) {
      crashed = true
      throw new Crash()
    }
  }
  await host.step().catch(() => undefined)
  host.fileSystem.onOperation = () => undefined
  return crashed
}

/** The live link leads to a complete generation whose key belongs to its certificate. */
async function assertWhole(host: VirtualHost): Promise<void> {
  const [leaf] = parseCertificateChain(await host.liveFile('fullchain.pem'))
  const key = parsePrivateKey(await host.liveFile('key.pem'))
  assert.equal(leaf?.publicKey.hash, key.publicKey.hash)
  for (const name of ['cert.pem', 'chain.pem', 'bundle.pem'])
    assert.ok((await host.liveFile(name)).length > 0)
}

/** A key that the issuer was asked to certify is still in the state: staged, candidate or head. */
async function assertKeysKept(host: VirtualHost, asked: ReadonlySet<string>): Promise<void> {
  const state = await host.store.read()
  assert.ok(state)
  const kept = [state.head.keyPem, state.candidate?.keyPem, state.staged?.keyPem]
    .filter((pem) => pem !== undefined)
    .map((pem) => parsePrivateKey(pem).publicKey.hash)
  for (const hash of asked) assert.ok(kept.includes(hash), 'a key that was asked for is lost')
}

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock, systemRandom } from '@mayfly/platform'
import { faultyFileSystem } from '../../../../test/support/faults/faulty-file-system.ts'
import { enroll } from '../../src/enrolment/enroll.ts'
import { localPorts } from '../../src/local-ports.ts'
import { renewNow } from '../../src/running/renew-now.ts'
import { serveIssuer } from '../support/issuer-server.ts'
import { VirtualIssuer } from '../support/virtual-issuer.ts'

test('renew --now of a certificate that was never enrolled: told at once what to do, and not waited for', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-renew-'))
  const ports = localPorts()
  context.after(async () => {
    await ports.transport.close()
    await rm(folder, { recursive: true })
  })
  const configPath = join(folder, 'agent.yaml')
  await writeFile(
    configPath,
    `state: ${folder}/state\nlive: ${folder}/live\ncertificates: { web: { identity: web-1 } }\n`,
  )
  const [renewal] = await renewNow({ configPath, waitSeconds: 120 }, ports)
  assert.ok(renewal?.outcome.is === 'refused', JSON.stringify(renewal))
  assert.equal(renewal.outcome.setback.code, 'lineage-unknown')
  assert.match(
    renewal.outcome.setback.message,
    /not enrolled.*`mayfly agent enroll TOKEN --name web` here\.$/,
  )
})

test('renew --now, and the disk fills up in the midst: under way, with the full disk as the reason', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-renew-'))
  const issuer = await VirtualIssuer.create({ clock: systemClock, random: systemRandom })
  const server = await serveIssuer(issuer)
  const disk = faultyFileSystem()
  // The wait is over as soon as the disk is full.
  const monotonic = (): number => (disk.fault === undefined ? 0 : Number.POSITIVE_INFINITY)
  const ports = { ...localPorts(), fileSystem: disk.fileSystem, clock: { ...systemClock, monotonic } }
  context.after(async () => {
    await ports.transport.close()
    await server.close()
    await rm(folder, { recursive: true })
  })
  const configPath = join(folder, 'agent.yaml')
  await writeFile(configPath, `state: ${folder}/state\nlive: ${folder}/live\n`)
  await enroll({ token: await issuer.token(), name: 'web', configPath }, ports)
  issuer.fault = async (request, real) => {
    if (request.url.endsWith('/requests')) disk.fault = { errno: 'ENOSPC' }
    return real()
  }
  const [renewal] = await renewNow({ configPath, waitSeconds: 120 }, ports)
  assert.ok(renewal?.outcome.is === 'under-way', JSON.stringify(renewal))
  const { code, message } = renewal.outcome.setback ?? {}
  assert.deepEqual([code, message], ['disk-full', `${folder}/state/lineages: no space is left on the disk`])
})

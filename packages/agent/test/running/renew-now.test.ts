import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { localPorts } from '../../src/local-ports.ts'
import { renewNow } from '../../src/running/renew-now.ts'

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

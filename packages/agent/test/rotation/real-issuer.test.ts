import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { verifyTrustBundle } from '@mayfly/ca-core'
import {
  issuerUrl,
  type LiveIssuer,
  startLiveIssuer,
} from '../../../issuer-daemon/test/support/live-issuer.ts'
import type { AgentPorts } from '../../src/agent-ports.ts'
import { enroll } from '../../src/enrolment/enroll.ts'
import { type LocalPorts, localPorts } from '../../src/local-ports.ts'
import { runAgent } from '../../src/main.ts'
import { createIssuerClient } from '../../src/transport/issuer-client.ts'
import type { Transport } from '../../src/transport/transport.ts'
import { eventually, readStatusFile } from '../support/agent-process.ts'

describe('the agent with the real issuer', { timeout: 120_000 }, () => {
  let folder: string
  let configPath: string
  let issuer: LiveIssuer
  let local: LocalPorts
  let ports: AgentPorts

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-real-'))
    configPath = join(folder, 'agent.yaml')
    issuer = await startLiveIssuer({
      yaml: "issuing: { lifetime: 30s, cycle: 4s, dailyQuota: 100000 }\nsweep: { cron: '* * * * * *' }\n",
    })
    local = localPorts()
    ports = { ...local, transport: toPort(local.transport, issuer.port) }
    await writeFile(configPath, `state: ${folder}/state\nlive: ${folder}/live\nlog: { level: silent }\n`)
  })
  after(async () => {
    await local.transport.close()
    await issuer.close()
    await rm(folder, { recursive: true })
  })

  test('enrols, and rotates on the schedule of the issuer with a new key each time', async () => {
    await issuer.admin.addIdentity({ name: 'web-1', profile: 'peer', names: ['dns:web-1.test.internal'] })
    const { token } = await issuer.admin.createToken({ identity: 'web-1' })
    const done = await enroll({ token, name: 'web', configPath }, ports)
    assert.equal(done.installation.is, 'installed')

    const stop = new AbortController()
    const running = runAgent(configPath, { signal: stop.signal, ports })
    try {
      const keys = new Set<string>()
      await eventually('three rotations', async () => {
        keys.add(await readFile(join(folder, 'live', 'web', 'key.pem'), 'utf8'))
        return keys.size >= 4 ? true : undefined
      })
      await eventually('a status that is well', async () => {
        const { level, certificates } = await readStatusFile(folder)
        const generation = certificates[0]?.installed?.generation ?? 0
        return level === 'ok' && generation >= 4 ? true : undefined
      })
      const state = JSON.parse(await readFile(join(folder, 'state', 'lineages', 'web.json'), 'utf8'))
      assert.ok(state.auditHead, 'the end of the history is kept')
    } finally {
      stop.abort()
      await running
    }
  })

  test('is told how long a look at the trust bundle holds', async () => {
    const client = createIssuerClient(ports.transport, local.clock)
    const rootFingerprint = issuer.root.certificate.fingerprint
    const trust = await verifyTrustBundle(await client.unverifiedBundle(issuerUrl), { rootFingerprint })
    const older = { ...trust, sequence: 0 }
    const look = async () => {
      const answers = [await client.bundle(issuerUrl, older), await client.bundle(issuerUrl, trust)]
      return answers.map(({ is, maxAgeSeconds }) => [is, maxAgeSeconds])
    }
    assert.deepEqual(await look(), [
      ['text', undefined],
      ['unchanged', undefined],
    ])
    await issuer.issuer.reload({ ...issuer.configuration, bundle: { maxAgeSeconds: 7_200 } })
    assert.deepEqual(await look(), [
      ['text', 7_200],
      ['unchanged', 7_200],
    ])
  })
})

/** The issuer is configured for one port and listens on another, which the system chose. */
function toPort(inner: Transport, port: number): Transport {
  const move = (url: string): string => url.replace(issuerUrl, `https://localhost:${port}`)
  return {
    exchange: (request, trust) => inner.exchange({ ...request, url: move(request.url) }, trust),
    getUnverified: (url, bodyBytesMax) => inner.getUnverified(move(url), bodyBytesMax),
  }
}

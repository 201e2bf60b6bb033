import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { generateKeyPair, isMayflyError } from '@mayfly/ca-core'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import { rotateUnderLoad } from '../support/load/rotate-under-load.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { createTestHost, type TestHost } from '../support/rotation.ts'
import { servedSerial } from '../support/served-serial.ts'
import { layNginx, type NginxPlace } from '../support/servers/nginx.ts'
import { type PlainBackend, startPlainBackend } from '../support/servers/plain-backend.ts'
import { listens, until } from '../support/servers/started-server.ts'
import { nginxUnit, type Systemd, startSystemd, withoutSystemd } from '../support/servers/systemd.ts'

const program = new URL('../support/servers/reload-inside.ts', import.meta.url)

const reload = { preset: 'unit', unit: 'web.service' } as const

describe('a systemd unit, under a real systemd', {
  skip: withoutPackages('nginx') || withoutSystemd(),
}, () => {
  const path = process.env.PATH
  let systemd: Systemd
  let host: TestHost
  let backend: PlainBackend
  let nginx: NginxPlace
  let endpoint: ProbeEndpoint

  before(async () => {
    systemd = await startSystemd()
    process.env.PATH = `${systemd.programs}:${path}`
    host = await createTestHost()
    await host.install(await host.issue())
    backend = await startPlainBackend()
    nginx = await layNginx({ ...host, backendPort: backend.port })
    endpoint = { connect: { host: '127.0.0.1', port: nginx.port }, serverName: 'web-1.example' }
    await systemd.addUnit('web.service', nginxUnit(nginx))
    await start('web.service')
  })
  after(async () => {
    process.env.PATH = path
    await systemd?.stop()
    await backend?.stop()
    await host?.remove()
  })

  async function start(unit: string): Promise<void> {
    await systemd.systemctl('start', unit)
    await until(() => listens(nginx.port), `the port of ${unit}`)
  }

  test('unit: ten rotations under load → no failed handshake, no failed request, every serial seen', async () => {
    const { mainPid } = await stateOf('web.service')
    await host.control(reload).ready(await host.install(await host.issue()))
    await rotateUnderLoad({ host, reload, endpoint, backend })
    assert.deepEqual(await stateOf('web.service'), { mainPid, result: 'success' })
  })

  test('unit: its ExecReload fails → told in its words, and the old one is still served', async () => {
    const { serial } = await host.rotate(reload, [endpoint])
    const bad = await host.install({ ...(await host.issue()), keyPair: await generateKeyPair('ec-p256') })
    await assert.rejects(host.control(reload).reload(bad), (error) => {
      assert.ok(isMayflyError(error, 'reload-failed'))
      assert.match(error.message, /^systemctl reload web\.service exited with 1: .*web\.service/)
      return true
    })
    assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
    await host.rotate(reload, [endpoint])
  })

  test('unit: none of that name, or stopped → told; and it starts with the new files', async () => {
    const context = await host.install(await host.issue())
    const unknown = host.control({ preset: 'unit', unit: 'wbe.service' })
    await assert.rejects(unknown.ready(context), /systemd knows no wbe\.service\. Correct unit/)
    await systemd.systemctl('stop', 'web.service')
    await assert.rejects(host.control(reload).ready(context), (error) => {
      assert.ok(isMayflyError(error, 'reload-failed'))
      assert.equal(error.details.because, 'server-down')
      assert.match(error.message, /web\.service is inactive\. Start it/)
      return true
    })
    const material = await host.issue()
    await host.install(material)
    await start('web.service')
    assert.equal((await host.probe([endpoint], material)).outcome, 'served')
  })

  test('unit: without an ExecReload → told before the first rotation; restarted where that is asked for', async () => {
    await systemd.systemctl('stop', 'web.service')
    await systemd.addUnit('stiff.service', nginxUnit(nginx).replace(/^ExecReload=.*\n/gm, ''))
    await start('stiff.service')
    const stiff = { preset: 'unit', unit: 'stiff.service' } as const
    const context = await host.install(await host.issue())
    await assert.rejects(host.control(stiff).ready(context), /cannot be reloaded\. Give it an ExecReload/)
    await assert.rejects(host.control(stiff).reload(context), /Job type reload is not applicable/)
    const restarted = { ...stiff, restart: true }
    await host.control(restarted).ready(context)
    await host.rotate(restarted, [endpoint])
    await host.rotate(restarted, [endpoint])
  })

  test('unit: ends at its reload → told with what starts it, started again once, and what is live is served', async () => {
    await systemd.systemctl('stop', 'stiff.service')
    const text = nginxUnit(nginx).replace(/^ExecReload=.*\n/gm, '')
    await systemd.addUnit('frail.service', `${text}ExecReload=/bin/sh -c 'kill -KILL $MAINPID'\n`)
    await start('frail.service')
    const server = host.control({ preset: 'unit', unit: 'frail.service' })
    const material = await host.issue()
    const context = await host.install(material)
    await server.reload(context).catch(() => undefined)
    await until(async () => (await server.ended?.()) !== undefined, 'its end')
    assert.match(
      (await server.ended?.()) ?? '',
      /^frail\.service has ended .* Start it: systemctl start frail\.service\.$/,
    )
    await server.reload(context)
    assert.equal((await host.probe([endpoint], material)).outcome, 'served')
    assert.equal(await server.ended?.(), undefined)
    await systemd.systemctl('stop', 'frail.service')
  })

  test('signal: the process of a unit ends at its reload → its control group names the unit, which is started again once', async () => {
    const pidFile = join(host.folder, 'frail.pid')
    // systemd.service(5): a dollar sign is written twice.
    const script = `echo $$$$ > ${pidFile}; exec sleep 600`
    const text = `[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/sh -c '${script}'\n`
    await systemd.addUnit('quiet.service', text)
    await systemd.systemctl('start', 'quiet.service')
    await until(async () => existsSync(pidFile), 'its process')
    const before = await stateOf('quiet.service')
    const said = await systemd.runInside(fileURLToPath(program), pidFile)
    assert.match(said, /^the server \(process \d+\) has ended .* Start it: systemctl start quiet\.service\.$/)
    const { mainPid } = await stateOf('quiet.service')
    assert.ok(Number(mainPid) > 0 && mainPid !== before.mainPid)
    await systemd.systemctl('stop', 'quiet.service')
  })

  async function stateOf(unit: string): Promise<{ mainPid: string; result: string }> {
    const shown = await systemd.systemctl('show', '--value', '--property=MainPID,ReloadResult', unit)
    const [mainPid = '', result = ''] = shown.split('\n')
    return { mainPid, result }
  }
})

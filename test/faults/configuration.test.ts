import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseName } from '@mayfly/ca-core'
import { parseDocument } from 'yaml'
import { enroll } from '../../packages/agent/src/enrolment/enroll.ts'
import { localPorts } from '../../packages/agent/src/local-ports.ts'
import { eventually } from '../../packages/agent/test/support/agent-process.ts'
import { type ServedHost, startServedHost } from '../support/hosts/served-host.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import type { Nginx } from '../support/servers/nginx.ts'
import { nginxServer } from '../support/servers/nginx-server.ts'

describe('a configuration that changes while the agent runs, with nginx as the server', {
  timeout: 120_000,
  skip: withoutPackages('nginx'),
}, () => {
  let host: ServedHost
  let nginx: Nginx

  before(async () => {
    host = await startServedHost({
      server: nginxServer((started) => {
        nginx = started
      }),
    })
    await host.settled()
  })
  after(async () => {
    await host?.close()
    await nginx?.stop()
  })

  async function change(edit: (text: string) => string): Promise<string> {
    const text = await readFile(host.configPath, 'utf8')
    await writeFile(host.configPath, edit(text))
    return text
  }

  /** What the port serves, once that is another than `before`. */
  function served(before: string): Promise<string> {
    return eventually(
      'another certificate on the port',
      async () => {
        const serial = await host.serial()
        return serial === before ? undefined : serial
      },
      host.log,
    )
  }

  test('a mistake is saved → told with its line; the old one is served and rotated as before, and it is well when mended', async () => {
    const before = await host.serial()
    const text = await change((old) => `${old}oops: 1\n`)
    const line = text.split('\n').length
    await host.alarm(new RegExp(`the one before stays in use: .*agent\\.yaml:${line}:1: oops`))
    assert.equal(await host.serial(), before)
    await host.wish()
    const next = await served(before)
    await writeFile(host.configPath, text)
    await host.settled()
    assert.notEqual(next, before)
  })

  test('names are added → the port has a certificate with them at once, and no other certificate is asked for', async () => {
    const before = await host.settled()
    const names = ['dns:web-1.example', 'dns:shop.example', 'ip:127.0.0.1']
    host.issuer.issuer.names = names.map(parseName)
    await change((old) => {
      const document = parseDocument(old)
      document.setIn(['certificates', 'web', 'names'], names)
      return document.toString()
    })
    const next = await served(before)
    const leaf = new X509Certificate(await readFile(join(host.liveFolder, 'cert.pem')))
    assert.equal(leaf.serialNumber.toLowerCase(), next)
    assert.match(leaf.subjectAltName ?? '', /DNS:shop\.example/)
    assert.equal(await host.settled(), next)
  })

  test('a certificate is added and taken away → the port is as it was, and the files of both stay', async () => {
    const before = await host.settled()
    const ports = localPorts()
    try {
      const token = await host.issuer.issuer.token({ identity: 'mail-1', jti: 'BBBBBBBBBBBBBBBBBBBBBB' })
      const added = await enroll({ token, name: 'mail', configPath: host.configPath }, ports)
      assert.equal(added.installation.is, 'left-to-agent')
    } finally {
      await ports.transport.close()
    }
    const installed = async (count: number): Promise<true | undefined> => {
      const { certificates } = (await host.status()).status
      const areInstalled = certificates.every((certificate) => certificate.installed?.served === true)
      return certificates.length === count && areInstalled ? true : undefined
    }
    await eventually('two certificates', () => installed(2), host.log)
    assert.equal(await host.serial(), before)
    await change((old) => {
      const document = parseDocument(old)
      document.deleteIn(['certificates', 'mail'])
      return document.toString()
    })
    await eventually('one certificate', () => installed(1), host.log)
    await stat(join(host.liveFolder, '..', 'mail', 'key.pem'))
    assert.equal(await host.settled(), before)
  })
})

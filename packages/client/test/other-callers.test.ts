import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createTestPki } from '../../../test/support/test-pki.ts'
import { type Finished, run } from './support/run.ts'
import { createTestBench } from './support/test-bench.ts'

interface Files {
  readonly bundle?: string
  readonly cert?: string
  readonly key?: string
}

interface Caller {
  readonly name: string
  readonly path: string
  call(url: string, files: Files): Promise<Finished>
}

const python: Caller = {
  name: 'Python requests',
  path: '/usr/bin/python3',
  call(url, { bundle, cert, key }) {
    const program = `
import requests, sys
url, bundle, cert, key = sys.argv[1:]
print(requests.get(url, verify=bundle or True, cert=(cert, key) if cert else None).text, end='')
`
    return run(this.path, ['-c', program, url, bundle ?? '', cert ?? '', key ?? ''])
  },
}

const curl: Caller = {
  name: 'curl',
  path: '/usr/bin/curl',
  call(url, { bundle, cert, key }) {
    const trust = bundle === undefined ? [] : ['--cacert', bundle]
    const own = cert === undefined || key === undefined ? [] : ['--cert', cert, '--key', key]
    return run(this.path, ['--silent', '--show-error', ...trust, ...own, url])
  },
}

interface Setting {
  readonly url: string
  readonly files: Required<Files>
  readonly strangerFiles: Required<Files>
  readonly asked: string[]
}

async function createSetting(t: TestContext): Promise<Setting> {
  const bench = await createTestBench(t)
  const web = await bench.host('web-1')
  const asked: string[] = []
  const { url } = await bench.serve(web, { allow: ['billing'] }, (request, response) => {
    asked.push(web.identity.peerIdentity(request).names.join())
    response.end('hello')
  })
  const filesIn = (path: string): Required<Files> => ({
    bundle: join(path, 'bundle.pem'),
    cert: join(path, 'fullchain.pem'),
    key: join(path, 'key.pem'),
  })
  const billing = await bench.live(await bench.pki.issue({ names: ['billing'] }))
  const other = await createTestPki()
  const stranger = await bench.live(await other.issue({ names: ['billing'] }), other.bundlePem)
  return { url, files: filesIn(billing.path), strangerFiles: filesIn(stranger.path), asked }
}

for (const caller of [python, curl]) {
  const skip = existsSync(caller.path) ? false : `${caller.path} is not installed`

  test(`${caller.name}: bundle and certificate → answered`, { skip }, async (t) => {
    const { url, files, asked } = await createSetting(t)
    const { stdout, stderr } = await caller.call(url, files)
    assert.equal(stdout, 'hello', stderr)
    assert.deepEqual(asked, ['dns:billing'])
  })

  test(`${caller.name}: no certificate, another CA's, or the system's roots → refused`, {
    skip,
  }, async (t) => {
    const { url, files, strangerFiles, asked } = await createSetting(t)
    const { bundle, cert, key } = files
    const refused: Files[] = [
      { bundle },
      { bundle, cert: strangerFiles.cert, key: strangerFiles.key },
      { cert, key },
      { bundle: strangerFiles.bundle, cert, key },
    ]
    for (const given of refused) {
      const { exitCode, stdout, stderr } = await caller.call(url, given)
      assert.notEqual(exitCode, 0, JSON.stringify([given, stdout, stderr]))
      assert.equal(stdout, '')
      // Node closes right after the handshake where it has no alert for the reason.
      assert.match(stderr, /ssl|tls|certificate|closed|empty reply|reset|broken pipe/i)
    }
    assert.deepEqual(asked, [])
  })
}

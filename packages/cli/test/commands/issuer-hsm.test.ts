import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { parseCertificate } from '@mayfly/ca-core'
import { withoutPackages } from '../../../../test/support/missing-programs.ts'
import { hsmProcesses, makeSoftHsm } from '../../../../test/support/soft-hsm.ts'
import { ask } from '../../../issuer-daemon/test/support/https-caller.ts'
import { enrolled, heldFrom, newKey, postEnrolment } from '../../../issuer-daemon/test/support/test-host.ts'
import { layIssuer, signOwnKeys } from '../support/make-issuer.ts'
import { makeToken } from '../support/make-token.ts'
import { mayfly, temporaryFolder } from '../support/run-mayfly.ts'
import { startDaemon } from '../support/start-daemon.ts'

const skip = withoutPackages('softhsm2')

test('an intermediate in an HSM: ceremony, issuing, the token lost and found, a wrong PIN', {
  skip,
}, async (context) => {
  const folder = await temporaryFolder(context)
  const token = makeSoftHsm(folder)
  const pinFile = join(folder, 'pin')
  await writeFile(pinFile, `${token.pin}\n`, { mode: 0o600 })
  const hsm = `hsm: { uri: "${token.uri}", pin: { file: ${pinFile} } }`
  const setting = await layIssuer(folder, [], [hsm, 'tls: { names: [dns:localhost] }'])
  const { config, state, root, rootFingerprint, url } = setting

  const answer = await signOwnKeys(setting, 'answer', token.environment)
  const installed = await mayfly([
    ...['issuer', 'install', answer, '--config', config],
    ...['--root-fingerprint', rootFingerprint],
  ])
  assert.equal(installed.exitCode, 0, installed.stderr)
  const key = await readFile(join(state, 'authority/current/key.pem'), 'utf8')
  assert.match(key, /^-----BEGIN PKCS#11 PROVIDER URI-----\n/)

  const daemon = startDaemon(['issuer', 'run', '--config', config], context, token.environment)
  await daemon.logged('"msg":"ready"')
  const wire = { port: Number(new URL(url).port), ca: await readFile(join(root, 'root.pem'), 'utf8') }
  const { certificate } = await enrolled(wire, (await makeToken(folder, config, 'web-1')).token)
  const intermediate = parseCertificate(
    await readFile(join(state, 'authority/current/intermediate.pem'), 'utf8'),
  )
  assert.equal(certificate.issuer, intermediate.subject)

  // Lost: nobody gets a certificate, everybody is told to come again, and the owner why.
  const next = await makeToken(folder, config, 'web-2')
  token.pullOut()
  for (const pid of hsmProcesses(daemon.pid)) process.kill(pid, 'SIGKILL')
  const keyPair = await newKey()
  const refused = await postEnrolment(wire, next.token, { keyPair })
  assert.equal(refused.status, 503, refused.text)
  assert.equal((refused.json as { code: string }).code, 'hsm-unavailable')
  assert.doesNotMatch(refused.text, /softhsm|mayfly test/)
  assert.equal((await ask(wire.port, wire.ca, { method: 'GET', path: '/readyz' })).status, 503)
  const status = await mayfly(['issuer', 'status', '--config', config])
  assert.equal(status.exitCode, 2, status.stdout)
  assert.match(status.stdout, /hsm-unavailable +Nothing is issued since .*there is no such token/)

  // Found: it goes on by itself, and the same request is answered.
  token.putIn()
  let answered = refused
  while (answered.status === 503) {
    await pause(200)
    answered = await postEnrolment(wire, next.token, { keyPair })
  }
  const { certificate: second } = heldFrom(answered, keyPair)
  assert.equal(second.issuer, intermediate.subject)
  await daemon.logged('"because":"hsm-unavailable","msg":"the alarm is over"')
  assert.equal(await daemon.stop(), 0)
  assert.ok(!daemon.log().includes(token.pin))

  await writeFile(pinFile, '000000\n', { mode: 0o600 })
  const failed = await mayfly(['issuer', 'run', '--config', config], { env: token.environment })
  assert.equal(failed.exitCode, 12, failed.stderr)
  assert.match(failed.stderr, /the PIN is wrong.*Put the right PIN where `hsm\.pin` says/s)
  assert.ok(!failed.stderr.includes('000000'))
  assert.deepEqual(await readdir(join(state, 'authority')), ['current'])
})

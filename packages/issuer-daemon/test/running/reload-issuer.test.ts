import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isMayflyError, signTrustBundle } from '@mayfly/ca-core'
import { type KeptConfiguration, nodeFileSystem, systemClock } from '@mayfly/platform'
import { adminClient } from '../../src/admin/admin-client.ts'
import type { IssuerConfiguration } from '../../src/configuration/issuer-configuration.ts'
import { readIssuerConfiguration } from '../../src/configuration/read-configuration.ts'
import { ask } from '../support/https-caller.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'
import { enrolled, newKey, postEnrolment, postRequest, signedRequest } from '../support/test-host.ts'

let live: LiveIssuer
let followed: KeptConfiguration
before(async () => {
  // One sweep at the start, and none that anybody could wait for.
  live = await startLiveIssuer({
    yaml: `sweep: { cron: '0 0,12 * * *' }\nmetrics: { listen: "127.0.0.1:0" }`,
  })
  followed = live.issuer.follow(() => readIssuerConfiguration(nodeFileSystem, live.configPath))
})
after(() => live.close())

/** The running configuration with one section changed. */
function changed<Key extends keyof IssuerConfiguration>(
  key: Key,
  part: Partial<IssuerConfiguration[Key] & object>,
): IssuerConfiguration {
  const section = live.configuration[key] as object
  return { ...live.configuration, [key]: { ...section, ...part } }
}

const healthz = () => ask(live.port, live.ca, { method: 'GET', path: '/healthz' })
const order = (identity: string) =>
  ({ identity, profile: 'server', names: [`dns:${identity}.test`] }) as const

test('reload: limits → those of the next request', async () => {
  await live.issuer.reload(changed('limits', { address: { perMinute: 1, burst: 2 } }))
  const statuses = [await healthz(), await healthz(), await healthz()].map(({ status }) => status)
  assert.deepEqual(statuses, [200, 200, 429])
  await live.issuer.reload(live.configuration)
  assert.equal((await healthz()).status, 200)
})

test('reload: limits of identities → those of the next signed request', async () => {
  const held = await enrolled(live, (await live.admin.createToken(order('limited'))).token)
  const next = await newKey()
  const statusOf = async () => (await postRequest(live, await signedRequest(held, { next }))).status
  await live.issuer.reload(changed('limits', { identity: { perMinute: 1, burst: 1 } }))
  assert.deepEqual([await statusOf(), await statusOf()], [202, 429])
  await live.issuer.reload(live.configuration)
  assert.equal(await statusOf(), 202)
})

test('reload: connections → those of the next connection', async () => {
  await live.issuer.reload(changed('limits', { connectionsPerAddress: 0 }))
  await assert.rejects(healthz())
  await live.issuer.reload(live.configuration)
  assert.equal((await healthz()).status, 200)
})

test('reload: what is issued → key types, lives of certificates and of tokens', async () => {
  await live.issuer.reload(changed('issuing', { keyTypes: ['ed25519'], tokenLifetimeSeconds: 60 }))
  const { token, expiresAt } = await live.admin.createToken(order('web-1'))
  assert.ok(Date.parse(expiresAt) - Date.parse((await live.admin.status()).at) <= 61_000)
  const refused = await postEnrolment(live, token)
  assert.equal((refused.json as { code?: string }).code, 'key-type-unsupported')
  await live.issuer.reload(changed('issuing', { lifetimeSeconds: 600 }))
  const { certificate } = await enrolled(live, (await live.admin.createToken(order('web-2'))).token)
  assert.ok(certificate.notAfter - certificate.notBefore <= 900_000)
  await live.issuer.reload(live.configuration)
})

test('reload: how long a look at the bundle holds → told with the next answer, also where nothing is new, and no more', async () => {
  const look = async (tag: string) => {
    const headers = { 'if-none-match': tag }
    const answer = await ask(live.port, live.ca, { method: 'GET', path: '/v1/bundle', headers })
    return `${answer.status} ${answer.headers['cache-control']}`
  }
  const looks = async () => [await look('"0"'), await look('"1"')]
  const unsaid = ['200 public, s-maxage=60', '304 public, s-maxage=60']
  assert.deepEqual(await looks(), unsaid)
  await live.issuer.reload(changed('bundle', { maxAgeSeconds: 14_400 }))
  assert.deepEqual(
    await looks(),
    unsaid.map((line) => `${line}, max-age=14400`),
  )
  await live.issuer.reload(live.configuration)
  assert.deepEqual(await looks(), unsaid)
})

test('reload: the cron → the next sweep comes by the new one', async () => {
  const sweeps = () => live.log().split('"msg":"swept"').length
  const before = sweeps()
  await live.issuer.reload(changed('sweep', { cron: '* * * * * *' }))
  while (sweeps() < before + 2) await new Promise((resolve) => setTimeout(resolve, 20))
  await live.issuer.reload(live.configuration)
})

test('reload: the level of the log → that of the next line', async () => {
  await live.issuer.reload(changed('log', { level: 'error' }))
  const quiet = live.log().length
  await live.admin.addIdentity({ name: 'quiet', profile: 'server', names: ['dns:quiet.test'] })
  assert.equal(live.log().length, quiet)
  await live.issuer.reload(live.configuration)
  await live.admin.addIdentity({ name: 'loud', profile: 'server', names: ['dns:loud.test'] })
  assert.match(live.log().slice(quiet), /identity\.add/)
})

test('reload: names of its own certificate → minted and shown at once', async () => {
  const serial = live.issuer.ownSerial()
  await live.issuer.reload(changed('tls', { names: ['dns:localhost', 'dns:other.test'] }))
  assert.notEqual(live.issuer.ownSerial(), serial)
  await live.issuer.reload(live.configuration)
})

test('reload: what it stands on → goes on as it is, and is told by name', async () => {
  const { configuration } = live
  await live.issuer.reload({
    ...configuration,
    url: 'https://elsewhere.test',
    listen: { host: '127.0.0.1', port: 1 },
    metrics: { listen: { host: '127.0.0.1', port: 2 } },
    health: { atApi: false },
  })
  assert.match(live.log(), /"msg":"reloaded, but this waits for a restart: url, listen, metrics, health"/)
  assert.equal((await healthz()).status, 200)
})

test('reload: a mistake in the file, or in the folder → told, and all goes on as before', async () => {
  const text = await readFile(live.configPath, 'utf8')
  await writeFile(live.configPath, `${text}\nlimits: { adress: {} }\n`)
  await assert.rejects(
    readIssuerConfiguration(nodeFileSystem, live.configPath),
    /issuer\.yaml:\d+:11: limits\.adress: is not a known key; did you mean address\?/,
  )
  await writeFile(live.configPath, text)

  const bundle = join(live.configuration.state, 'bundle.jws')
  const good = await readFile(bundle)
  await writeFile(bundle, 'broken')
  const stricter = changed('limits', { address: { perMinute: 1, burst: 1 } })
  await assert.rejects(live.issuer.reload(stricter), (error) => isMayflyError(error))
  await writeFile(bundle, good)
  for (let time = 0; time < 3; time += 1) assert.equal((await healthz()).status, 200)
  assert.equal((await live.admin.status()).bundleSequence, 1)
})

test('a bundle rolled back: an older one on disk → the reload is refused, and the newer one is served on', async () => {
  const path = join(live.configuration.state, 'bundle.jws')
  const older = await readFile(path)
  await live.installNext()
  await live.issuer.reload(live.configuration)
  const newer = await readFile(path)
  await writeFile(path, older)
  await assert.rejects(live.issuer.reload(live.configuration), (error) =>
    isMayflyError(error, 'bundle-older'),
  )
  assert.equal((await ask(live.port, live.ca, { method: 'GET', path: '/v1/bundle' })).headers.etag, '"2"')
  await writeFile(path, newer)
  await live.issuer.reload(live.configuration)
})

test('reload: a bundle on disk for another trust domain → refused, and all goes on as before', async () => {
  const path = join(live.configuration.state, 'bundle.jws')
  const good = await readFile(path)
  const bundle = {
    sequence: 9,
    trustDomain: 'other.internal',
    roots: [live.root.certificate],
    distrusted: [],
  }
  await writeFile(path, await signTrustBundle(bundle, { ...live.root, now: systemClock.now() }))
  await assert.rejects(live.issuer.reload(live.configuration), {
    code: 'config-invalid',
    message: /other\.internal/,
  })
  await writeFile(path, good)
  assert.equal((await live.admin.status()).bundleSequence, 2)
})

const alarms = async () =>
  (await live.admin.status()).alarms.map(({ because, message }) => ({ because, message }))

async function refusedMetric(): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${live.issuer.metricsPort}/metrics`)
  return /^mayfly_reload_refused (\d)$/m.exec(await answer.text())?.[1]
}

test('reload: a mistake in the file → an alarm with the place, which a good reload ends', async () => {
  const good = await readFile(live.configPath, 'utf8')
  assert.equal(await refusedMetric(), '0')
  await writeFile(live.configPath, `${good}\nlimits: { adress: {} }\n`)
  await followed.reload()
  const [alarm, ...others] = await alarms()
  assert.equal(alarm?.because, 'reload-refused')
  assert.match(alarm.message, /refused since 20.*issuer\.yaml:\d+:11: limits\.adress: is not a known key/)
  assert.deepEqual(others, [])
  assert.equal(await refusedMetric(), '1')

  await writeFile(live.configPath, `${good}\nlimits: { addres: {} }\n`)
  await followed.reload()
  const [second] = await alarms()
  const sinceOf = (text: string | undefined) => /since (\S+)/.exec(text ?? '')?.[1]
  assert.match(second?.message ?? '', /limits\.addres:/)
  assert.equal(sinceOf(second?.message), sinceOf(alarm.message))

  await writeFile(live.configPath, good)
  await followed.reload()
  assert.deepEqual(await alarms(), [])
  assert.equal(await refusedMetric(), '0')
  const over = '"because":"reload-refused","msg":"the alarm is over"'
  while (!live.log().includes(over)) await new Promise((resolve) => setTimeout(resolve, 20))
})

test("reload: a delegate's socket that cannot be opened → an alarm, until a sweep finds that it can", async () => {
  const original = await readFile(live.configPath, 'utf8')
  const good = original.replace('0 0,12 * * *', '* * * * * *')
  await writeFile(live.configPath, good)
  await followed.reload()
  const socket = join(live.folder, 'sockets/web.sock')
  const delegate = `web: { socket: ${socket}, may: [status], names: ['dns:x.test'], identities: ['*'], profiles: [server] }`
  await writeFile(live.configPath, `${good}admin: { delegates: { ${delegate} } }\n`)
  await followed.reload()
  const [alarm] = await alarms()
  assert.equal(alarm?.because, 'reload-refused')
  assert.ok(alarm.message.includes(socket), alarm.message)

  await mkdir(join(live.folder, 'sockets'), { mode: 0o700 })
  while ((await alarms()).length > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal((await adminClient(socket).status()).alarms.length, 0)
  await writeFile(live.configPath, original)
  await followed.reload()
})

test('reload: the intermediate is tainted, and none is prepared → taken up all the same; the alarm is of the taint', async () => {
  const [intermediate] = (await live.admin.status()).intermediates
  const fingerprint = intermediate?.fingerprint ?? assert.fail('there is no intermediate')
  const at = systemClock.now()
  await live.store.commit([{ at, parts: [{ do: 'taint', fingerprint, at }] }])
  const text = await readFile(live.configPath, 'utf8')
  await writeFile(live.configPath, `${text}\nlimits: { address: { perMinute: 1, burst: 2 } }\n`)
  await followed.reload()
  const statuses = [await healthz(), await healthz(), await healthz()].map(({ status }) => status)
  assert.deepEqual(statuses, [200, 200, 429])
  assert.deepEqual(
    (await alarms()).map(({ because }) => because),
    ['authority-missing', 'authority-tainted'],
  )
})

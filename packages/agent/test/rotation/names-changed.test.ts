import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatName, hourMs, MayflyError, minuteMs, parseCertificateChain, parseName } from '@mayfly/ca-core'
import { certificateSchema } from '../../src/configuration/certificate-settings.ts'
import { liveGeneration } from '../../src/state/lineage-state.ts'
import { certificateAlarms } from '../../src/status/certificate-alarms.ts'
import { VirtualHost } from '../support/virtual-host.ts'

async function enrolledHost(): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.run(hourMs)
  return host
}

/** As the agent does with a configuration that was saved: the keeper ends, and another begins. */
function configure(host: VirtualHost, names: readonly string[]): void {
  host.subject = { ...host.subject, settings: certificateSchema.parse({ names }) }
  host.restart()
}

const both = ['dns:web-1.example', 'dns:shop.example']

describe('names that are changed while the agent runs', () => {
  test('a name more, which the issuer allows: the certificate that carries it is asked for and served at once, once', async () => {
    const host = await enrolledHost()
    const keyHash = host.state.staged?.keyHash
    host.issuer.names = both.map(parseName)
    configure(host, both)
    await host.step()
    assert.equal(liveGeneration(host.state)?.number, 2)
    const [leaf] = parseCertificateChain(await host.liveFile('fullchain.pem'))
    assert.deepEqual(leaf?.names.map(formatName), both)
    // The key that waited for its time is the one that was hastened.
    assert.equal(leaf?.publicKey.hash, keyHash)
    await host.run(6 * hourMs)
    assert.equal(host.issuer.minted, 2)
    assert.deepEqual(host.state.setbacks, {})
  })

  test('a name less: nothing is asked for, the next rotation comes at its time', async () => {
    const host = await VirtualHost.create({ names: both })
    await host.enroll()
    await host.run(hourMs)
    configure(host, ['dns:shop.example'])
    await host.run(6 * hourMs)
    assert.equal(host.issuer.minted, 1)
    assert.equal(liveGeneration(host.state)?.number, 1)
  })

  test('a name that the issuer refuses: told at once, the old one is served, asked with back-off, and well when it is corrected', async () => {
    const host = await enrolledHost()
    const notAllowed = new MayflyError(
      'names-not-allowed',
      'The identity web-1 may not have dns:evil.example; ask without names, or change the identity.',
    )
    const asked = (): number => host.issuer.requests.filter(({ method }) => method === 'POST').length
    const before = asked()
    host.issuer.fault = async (request, real) =>
      request.url.endsWith('/requests') ? host.issuer.problem(notAllowed) : real()
    configure(host, [...both, 'dns:evil.example'])
    await host.run(3 * minuteMs)
    assert.match(
      certificateAlarms(host.state, host.clock.now())[0]?.message ?? '',
      /may not have dns:evil\.example; ask without names, or change the identity\./,
    )
    await host.run(3 * hourMs)
    assert.equal(liveGeneration(host.state)?.number, 1)
    assert.equal(host.issuer.minted, 1)
    assert.ok(asked() - before <= 100, `asked ${asked() - before} times in three hours`)
    host.issuer.fault = undefined
    configure(host, ['dns:web-1.example'])
    await host.run(10 * minuteMs)
    assert.deepEqual(host.state.setbacks, {})
    assert.ok(host.state.staged?.promise)
  })

  test('an issuer that never gives the name: its certificates are refused with back-off, and few are made', async () => {
    const host = await enrolledHost()
    configure(host, both)
    await host.run(2 * hourMs)
    assert.equal(liveGeneration(host.state)?.number, 1)
    assert.match(
      certificateAlarms(host.state, host.clock.now())[0]?.message ?? '',
      /its certificate lacks dns:shop\.example; if that is meant, set `names` in agent\.yaml/,
    )
    assert.ok(host.issuer.minted <= 22, `${host.issuer.minted} certificates`)
  })
})

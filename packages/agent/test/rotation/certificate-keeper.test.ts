import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hourMs, MayflyError, mediaTypes, minuteMs, secondMs } from '@mayfly/ca-core'
import { liveGeneration } from '../../src/state/lineage-state.ts'
import { VirtualHost } from '../support/virtual-host.ts'

async function enrolledHost(): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  await host.enroll()
  await host.step()
  return host
}

describe('the keeper of a certificate', () => {
  test('after the enrolment: installs generation 1 and asks ahead for the next key', async () => {
    const host = await enrolledHost()
    assert.equal(liveGeneration(host.state)?.number, 1)
    assert.equal(host.state.live?.served, true)
    assert.ok(host.state.staged?.promise)
    assert.equal(await host.fileSystem.readLink('/etc/live/web'), '../archive/web/0001')
  })

  test('one rotation: goes through every step in order', async () => {
    const host = await enrolledHost()
    host.steps.length = 0
    await host.run(13 * hourMs)
    assert.deepEqual(host.steps, [
      'fetched',
      'proved',
      'files.written',
      'switched',
      'checked',
      'reloaded',
      'probed',
      'key.made',
      'request.sent',
      'request.answered',
      'reported',
    ])
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.equal(host.issuer.reports.at(-1)?.installedSerial, host.state.head.serial)
    assert.deepEqual(host.issuer.reports.at(-1)?.servedSerials, [host.state.head.serial])
  })

  test('one rotation: five writes of the state, each before what must not be done without it', async () => {
    const host = await enrolledHost()
    let writes = 0
    host.fileSystem.onOperation = (operation, path) => {
      if (operation === 'replaceFile' && path.endsWith('/lineages/web.json')) writes++
    }
    await host.run(13 * hourMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
    // The candidate, the number of its generation, the new head, the next key, and the promise for it.
    assert.equal(writes, 5)
  })

  test('the issuer is away for six hours: a dozen writes of the state, and none for each attempt', async () => {
    const host = await enrolledHost()
    host.issuer.fault = async () => {
      throw new MayflyError('transport-failed', 'no route')
    }
    let writes = 0
    host.fileSystem.onOperation = (operation) => {
      if (operation === 'replaceFile') writes++
    }
    await host.run(2 * hourMs)
    host.restart()
    await host.run(4 * hourMs)
    const attempts = host.events.filter(({ event }) => event === 'failed').length
    assert.ok(attempts > 60, `only ${attempts} attempts`)
    assert.ok(writes <= 12, `${writes} writes`)
    host.issuer.fault = undefined
    await host.run(10 * minuteMs)
    assert.deepEqual(host.state.setbacks, {})
  })

  test('a week: rotates about twice a day, each time with a new key', async () => {
    const host = await enrolledHost()
    const keys = new Set<string>()
    for (let day = 0; day < 14; day++) {
      keys.add(await host.liveFile('key.pem'))
      await host.run(12.1 * hourMs)
    }
    assert.equal(keys.size, 14)
    assert.equal((await host.fileSystem.list('/etc/archive/web')).length, 3)
  })

  test('the issuer is away for six hours of the second half: the rotation comes after it is back', async () => {
    const host = await enrolledHost()
    await host.run(11 * hourMs)
    host.issuer.fault = async () => {
      throw new MayflyError('transport-failed', 'no route')
    }
    await host.run(7 * hourMs)
    assert.equal(liveGeneration(host.state)?.number, 1)
    assert.equal(host.state.setbacks.fetch?.code, 'transport-failed')
    host.issuer.fault = undefined
    await host.run(10 * minuteMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.deepEqual(host.state.setbacks, {})
  })

  test('the host sleeps for three days: comes back by itself', async () => {
    const host = await enrolledHost()
    await host.run(hourMs)
    host.clock.jump(72 * hourMs)
    await host.run(2 * minuteMs)
    assert.ok(host.state.head.notAfter > host.clock.now())
    assert.equal(liveGeneration(host.state)?.serial, host.state.head.serial)
  })

  test('the server keeps the old certificate: goes back, and tries again until it works', async () => {
    const host = await enrolledHost()
    host.server.ignoreReload = true
    const first = host.state.head.serial
    await host.run(12.1 * hourMs)
    assert.equal(liveGeneration(host.state)?.serial, first)
    assert.equal(host.state.setbacks.install?.code, 'probe-failed')
    assert.ok(host.state.candidate)
    host.server.ignoreReload = false
    await host.run(10 * minuteMs)
    assert.equal(host.state.live?.served, true)
    assert.notEqual(host.state.head.serial, first)
    assert.equal(host.server.servedChain, host.state.head.chainPem)
    assert.deepEqual(host.state.setbacks, {})
  })

  test('the server is down for 30 hours: the lineage goes on, and the newest is served when it is back', async () => {
    const host = await enrolledHost()
    host.server.isDown = true
    await host.run(30 * hourMs)
    assert.ok(host.state.head.notAfter > host.clock.now())
    host.server.isDown = false
    await host.run(10 * minuteMs)
    assert.equal(host.server.servedChain, host.state.head.chainPem)
    assert.ok((host.state.head.notAfter - host.clock.now()) / hourMs > 5)
  })

  test('the server is down: its files are left alone while they are good, and hold the newest before they are not', async () => {
    const host = await enrolledHost()
    const first = host.state.head
    await host.run(hourMs)
    const { reloads } = host.server
    host.server.isDown = true
    const begun = host.events.length
    await host.run(20 * hourMs)
    assert.match(
      host.state.setbacks.install?.message ?? '',
      /does not run\. The old certificate stays installed/,
    )
    assert.deepEqual(host.state.live, { number: 1, served: true })
    assert.equal(host.server.reloads, reloads)
    const told = host.events.slice(begun).map(({ event }) => event)
    assert.deepEqual([...new Set(told)], ['received', 'failed'], 'nothing was switched')
    assert.ok(told.length > 50, 'it was tried all the time')
    await host.run(first.notAfter - host.clock.now() - hourMs)
    const [generation] = host.state.generations.filter(({ number }) => number === host.state.live?.number)
    assert.ok((generation?.notAfter ?? 0) > first.notAfter, 'whoever starts the server now finds a good one')
    assert.equal(host.events.filter(({ event }) => event === 'installed').length, 2)
  })

  test('the new one is reloaded and not seen, while the way back still waits: the old one is served again at once', async () => {
    const host = await enrolledHost()
    const first = host.state.head
    // The reload fails for an hour, which lets the waits of both ways grow.
    host.server.failReload = true
    while (host.state.setbacks.install === undefined) await host.run(minuteMs)
    await host.run(hourMs)
    host.server.failReload = false
    const { probe } = host.server
    host.server.probe = (material) =>
      material.chainPem === first.chainPem
        ? probe.call(host.server, material)
        : Promise.reject(new MayflyError('probe-failed', 'the server does not show it.'))
    const { install } = host.state.setbacks
    while (host.state.setbacks.install?.attempts === install?.attempts) await host.run(secondMs)
    assert.equal(host.server.servedChain, first.chainPem)
    assert.deepEqual(host.state.live, { number: 1, served: true })
  })

  test('the password of the key store cannot be read: it says so, asks and fetches all the same, and serves when it can', async () => {
    const host = await enrolledHost()
    host.server.failEncode = true
    const looks = async (milliseconds: number): Promise<unknown[]> => {
      const said: unknown[] = []
      for (const end = host.clock.now() + milliseconds; host.clock.now() < end; ) {
        await host.step().catch((error: unknown) => said.push(error))
        await host.clock.advance(minuteMs)
      }
      return said
    }
    const said = await looks(13 * hourMs)
    assert.match(String(said.at(-1)), /\/secret\/password cannot be read/)
    assert.ok(host.state.candidate, 'the next one was fetched')
    assert.equal(host.state.setbacks.install?.code, 'file-unreadable')
    host.server.failEncode = false
    assert.deepEqual(await looks(6 * minuteMs), [])
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.equal(host.state.live?.served, true)
  })

  const wrongAnswers: readonly { name: string; answer: (host: VirtualHost) => Promise<string> | string }[] = [
    {
      name: "another key's certificate",
      answer: (host) => host.state.head.chainPem,
    },
    { name: 'garbage', answer: () => 'no certificate at all' },
    { name: 'nothing', answer: () => '' },
    {
      name: 'a chain without its intermediate',
      answer: (host) =>
        `${host.state.head.chainPem.split('-----END CERTIFICATE-----')[0]}-----END CERTIFICATE-----\n`,
    },
  ]
  for (const { name, answer } of wrongAnswers) {
    test(`the issuer answers with ${name}: the old one stays, and the next good answer is taken`, async () => {
      const host = await enrolledHost()
      const first = host.state.head.serial
      host.issuer.fault = async (request, real) => {
        const response = await real()
        if (response.status !== 200 || request.url.endsWith('/bundle')) return response
        const chain = await answer(host)
        if (request.method === 'GET') return host.issuer.answer(200, mediaTypes.pemChain, chain)
        const told = JSON.parse(new TextDecoder().decode(response.body))
        return host.issuer.answer(
          200,
          mediaTypes.json,
          JSON.stringify('chain' in told ? { ...told, chain } : told),
        )
      }
      await host.run(12.01 * hourMs)
      assert.equal(liveGeneration(host.state)?.serial, first)
      assert.equal((host.state.setbacks.ask ?? host.state.setbacks.fetch)?.code, 'answer-invalid')
      host.issuer.fault = undefined
      await host.run(20 * minuteMs)
      assert.notEqual(liveGeneration(host.state)?.serial, first)
      assert.equal(host.state.live?.served, true)
    })
  }

  test('a certificate without an expected name: refused, and told with what to do', async () => {
    const host = await enrolledHost()
    host.issuer.names = [{ type: 'dns', value: 'other.example' }]
    await host.run(12.1 * hourMs)
    assert.match(
      host.state.setbacks.fetch?.message ?? host.state.setbacks.ask?.message ?? '',
      /lacks dns:web-1\.example/,
    )
    assert.equal(liveGeneration(host.state)?.number, 1)
  })

  test('files deleted or altered: put back, and loaded again', async () => {
    const host = await enrolledHost()
    const key = await host.liveFile('key.pem')
    await host.fileSystem.remove('/etc/archive/web/0001/key.pem')
    await host.fileSystem.replaceFile('/etc/archive/web/0001/cert.pem', new Uint8Array(3), { mode: 0o644 })
    await host.fileSystem.setAccess('/etc/archive/web/0001/fullchain.pem', { mode: 0o777 })
    await host.step()
    assert.equal(await host.liveFile('key.pem'), key)
    assert.equal((await host.fileSystem.status('/etc/archive/web/0001/fullchain.pem'))?.mode, 0o644)
    const told = host.events.find((event) => event.event === 'put-back')
    assert.equal(told?.event === 'put-back' && told.paths.length, 3)
    assert.equal(host.state.live?.served, true)
  })

  test('the live link is deleted: put back', async () => {
    const host = await enrolledHost()
    await host.fileSystem.remove('/etc/live/web')
    await host.step()
    assert.equal(await host.fileSystem.readLink('/etc/live/web'), '../archive/web/0001')
  })

  test('a new trust bundle: installed as a generation of its own, with the same certificate', async () => {
    const host = await enrolledHost()
    await host.issuer.publish({ distrusted: ['ab'.repeat(32)] })
    await host.run(70 * minuteMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.equal(liveGeneration(host.state)?.bundleSequence, 2)
    assert.equal(host.issuer.minted, 1)
  })

  test('the intermediate is distrusted: a certificate from the new one is asked for at once', async () => {
    const host = await enrolledHost()
    await host.issuer.replaceIntermediate()
    await host.run(90 * minuteMs)
    assert.equal(host.issuer.minted, 2)
    assert.equal(liveGeneration(host.state)?.bundleSequence, 2)
    assert.equal(host.state.live?.served, true)
    assert.deepEqual(host.state.setbacks, {})
  })

  test('a bundle rolled back: refused', async () => {
    const host = await enrolledHost()
    const older = host.issuer.bundleText
    await host.issuer.publish()
    await host.run(70 * minuteMs)
    const newer = host.issuer.bundle
    host.issuer.bundleText = older
    host.issuer.bundle = { ...newer, sequence: 1 }
    await host.run(70 * minuteMs)
    assert.equal(host.keeper.view().held?.bundle.sequence, 2)
    assert.equal(host.state.setbacks.bundle?.code, 'bundle-older')
  })

  test('renew --now: a new certificate at once, in one step', async () => {
    const host = await enrolledHost()
    await host.store.wishRenewal(host.clock.now())
    await host.step()
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.equal(await host.store.renewalWish(), host.state.granted?.wish)
    await host.run(hourMs)
    assert.equal(host.issuer.minted, 2)
  })

  test('the clock of the host an hour ahead or behind: still rotates', async () => {
    for (const skewMs of [hourMs, -hourMs]) {
      const host = await enrolledHost()
      host.issuer.clockSkewMs = skewMs
      await host.run(40 * hourMs)
      assert.ok(host.state.head.notAfter > host.clock.now() + 5 * hourMs, `skew ${skewMs}`)
    }
  })

  test('the clock jumps back by hours while the issuer is away: no wait is longer for it', async () => {
    const host = await enrolledHost()
    host.issuer.fault = async () => {
      throw new MayflyError('transport-failed', 'no route')
    }
    await host.run(13 * hourMs)
    host.clock.jump(-4 * hourMs)
    host.issuer.fault = undefined
    await host.run(3.2 * hourMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.deepEqual(host.state.setbacks, {})
  })

  test('a suspended identity: the old one stays, an hour between two looks, and goes on when it is resumed', async () => {
    const host = await enrolledHost()
    const suspended = new MayflyError('identity-suspended', 'The identity web-1 is suspended.')
    host.issuer.fault = async (request, real) =>
      request.url.endsWith('/requests') || request.url.includes('/certificates/')
        ? host.issuer.problem(suspended)
        : real()
    await host.run(14 * hourMs)
    assert.ok((host.state.setbacks.ask ?? host.state.setbacks.fetch)?.code === 'identity-suspended')
    const asked = host.issuer.requests.length
    await host.run(30 * minuteMs)
    assert.ok(host.issuer.requests.length - asked < 10)
    host.issuer.fault = undefined
    await host.run(2 * hourMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
  })

  test('a damaged state file: refused with what to do, and left as it is', async () => {
    const host = await enrolledHost()
    const path = '/state/lineages/web.json'
    const content = await host.fileSystem.readFile(path)
    await host.fileSystem.replaceFile(path, content.slice(0, content.length / 2), { mode: 0o600 })
    host.restart()
    await assert.rejects(host.step(), { code: 'state-invalid', message: /enrol again/ })
  })

  test('lives of a minute: pace follows', async () => {
    const host = await VirtualHost.create({ lifetimeSeconds: 60 })
    await host.enroll()
    await host.run(10 * minuteMs)
    assert.ok(host.issuer.minted >= 18, `${host.issuer.minted}`)
    assert.ok(host.state.head.notAfter > host.clock.now() + 20 * secondMs)
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { createServer, get, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseCertificateChain, signTrustBundle } from '@mayfly/ca-core'
import { type Identity, openIdentity } from '@mayfly/client'
import { nodeFileSystem, systemClock } from '@mayfly/platform'
import { stringify } from 'yaml'
import { enroll } from '../../packages/agent/src/enrolment/enroll.ts'
import { type LocalPorts, localPorts } from '../../packages/agent/src/local-ports.ts'
import { runAgent } from '../../packages/agent/src/main.ts'
import type { Transport } from '../../packages/agent/src/transport/transport.ts'
import { eventually } from '../../packages/agent/test/support/agent-process.ts'
import { installAuthority } from '../../packages/issuer-daemon/src/authority/install-authority.ts'
import {
  issuerUrl,
  type LiveIssuer,
  startLiveIssuer,
} from '../../packages/issuer-daemon/test/support/live-issuer.ts'
import { startLoad } from '../support/load/load.ts'
import { freePort } from '../support/servers/free-port.ts'
import { type Nginx, startNginx } from '../support/servers/nginx.ts'
import { testsWith } from '../support/tests-with.ts'

const { after, before, test } = testsWith('nginx')

/** So that hosts look at the trust bundle every five seconds, as they look every hour in a life of a day. */
const yaml = 'issuing: { lifetime: 2m, cycle: 1m, dailyQuota: 10000 }\nsweep: { cron: "* * * * *" }\n'
const hosts = {
  web: { profile: 'server', names: ['dns:web-1.example'] },
  api: { profile: 'peer', names: ['dns:api-1.example'] },
  caller: { profile: 'client', names: ['dns:caller-1.example'] },
} as const

let folder: string
let issuer: LiveIssuer
let local: LocalPorts
let nginx: Nginx
let service: Server
let identities: { api: Identity; caller: Identity }
let running: Promise<unknown>
const stop = new AbortController()

const live = (name: keyof typeof hosts): string => join(folder, 'live', name)

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mayfly-taint-'))
  await nodeFileSystem.setAccess(folder, { mode: 0o755 })
  issuer = await startLiveIssuer({ yaml })
  local = localPorts()
  const ports = { ...local, transport: toPort(local.transport, issuer.port) }
  const configPath = join(folder, 'agent.yaml')
  const base = { state: `${folder}/state`, live: `${folder}/live`, log: { level: 'silent' } }
  await writeFile(configPath, stringify(base))
  for (const [name, { profile, names }] of Object.entries(hosts)) {
    const { token } = await issuer.admin.createToken({ identity: name, profile, names })
    await enroll({ token, name, configPath }, ports)
  }

  const home = join(folder, 'nginx')
  await mkdir(home, { mode: 0o755 })
  nginx = await startNginx({ folder: home, liveFolder: live('web') })
  identities = { api: await openIdentity(live('api')), caller: await openIdentity(live('caller')) }
  const servicePort = await freePort()
  service = identities.api
    .createServer({ allow: ['caller-1.example'] }, (_request, response) => void response.end('ok'))
    .listen(servicePort, '127.0.0.1') as Server
  await once(service, 'listening')

  const { pidFile, configuration, prefix } = nginx
  await writeFile(
    configPath,
    stringify({
      ...base,
      certificates: {
        web: {
          identity: 'web',
          reload: { preset: 'nginx', pidFile, configuration, prefix },
          probe: [{ connect: `127.0.0.1:${nginx.port}`, serverName: 'web-1.example' }],
        },
        api: {
          identity: 'api',
          reload: { preset: 'none' },
          probe: [{ connect: `127.0.0.1:${servicePort}`, serverName: 'api-1.example' }],
        },
        caller: { identity: 'caller' },
      },
    }),
  )
  running = runAgent(configPath, { signal: stop.signal, ports })
})

after(async () => {
  stop.abort()
  await running
  service.close()
  service.closeAllConnections()
  await identities.api.close()
  await identities.caller.close()
  await nginx.stop()
  await local.transport.close()
  await issuer.close()
  await rm(folder, { recursive: true, force: true })
})

/** The intermediate under which a host's installed certificate is. */
async function installedUnder(name: keyof typeof hosts): Promise<string> {
  const [, intermediate] = parseCertificateChain(await readFile(join(live(name), 'fullchain.pem'), 'utf8'))
  return intermediate?.fingerprint ?? assert.fail('the chain ends with its leaf')
}

const names = Object.keys(hosts) as (keyof typeof hosts)[]

test('an intermediate is stolen → every host moves under traffic without a failed request; then callers refuse the old chain', async () => {
  const first = await installedUnder('web')
  const stolen = { api: await readPair('api'), caller: await readPair('caller') }
  const next = await issuer.prepareNext()
  const load = startLoad({ port: nginx.port, serverName: 'web-1.example', ca: issuer.ca })
  const calls = startCalls()
  try {
    await load.answered(50)
    await issuer.admin.taintAuthority(first)
    await eventually('every host under the next intermediate', async () => {
      const under = await Promise.all(names.map(installedUnder))
      return under.every((fingerprint) => fingerprint === next.fingerprint) ? true : undefined
    })
    await load.answered(50)
    await calls.answered(20)
  } finally {
    await load.stop()
    await calls.stop()
  }
  assert.deepEqual([...load.errors], [])
  assert.deepEqual(
    [load.counts.failedHandshakes, load.counts.failedRequests, load.counts.refusedConnections],
    [0, 0, 0],
  )
  assert.deepEqual(calls.failures, [])

  const thief = createServer(stolen.api, (_request, response) => void response.end('stolen'))
  thief.listen(0, '127.0.0.1')
  await once(thief, 'listening')
  try {
    const { port } = thief.address() as AddressInfo
    const callThief = () => callOnce(port)
    assert.equal(await callThief(), 'stolen')
    assert.equal(await statusFor(stolen.caller), 200)
    await distrust(first, next.pem)
    const refusal = await eventually('a caller that refuses the old chain', () =>
      callThief().then(
        () => undefined,
        (error: Error) => error,
      ),
    )
    assert.match(String(refusal.cause), /which the trust bundle distrusts/)
    await eventually('a service that refuses it too', async () =>
      (await statusFor(stolen.caller)) === 403 ? true : undefined,
    )
    assert.equal(await callOnce((service.address() as AddressInfo).port), 'ok')
  } finally {
    thief.close()
    thief.closeAllConnections()
  }
})

async function readPair(name: keyof typeof hosts): Promise<{ cert: string; key: string }> {
  const [cert, key] = await Promise.all(
    ['fullchain.pem', 'key.pem'].map((file) => readFile(join(live(name), file), 'utf8')),
  )
  return { cert: cert ?? '', key: key ?? '' }
}

/** What the service says to whoever shows this certificate. */
async function statusFor(pair: { readonly cert: string; readonly key: string }): Promise<number | undefined> {
  const { port } = service.address() as AddressInfo
  const place = { host: '127.0.0.1', port, servername: 'api-1.example', ca: issuer.ca, agent: false } as const
  const [answer] = await once(get({ ...place, ...pair }), 'response')
  answer.resume()
  return (answer as IncomingMessage).statusCode
}

function callOnce(port: number): Promise<string> {
  const options = { dispatcher: identities.caller.dispatcher({ peer: 'api-1.example' }) } as RequestInit
  return fetch(`https://127.0.0.1:${port}/`, options).then((answer) => answer.text())
}

/** Mutual TLS from one host to another, again and again. */
function startCalls() {
  const failures: string[] = []
  let answered = 0
  let stopped = false
  const { port } = service.address() as AddressInfo
  const loop = async (): Promise<void> => {
    while (!stopped) {
      await callOnce(port).then(
        () => {
          answered += 1
        },
        (error: Error) => failures.push(`${error.message}: ${String(error.cause)}`),
      )
      await sleep(5)
    }
  }
  const ended = loop()
  return {
    failures,
    async answered(more: number) {
      for (const goal = answered + more; answered < goal; ) await sleep(5)
    },
    stop() {
      stopped = true
      return ended
    },
  }
}

/** What the ceremony after the move brings: a bundle that names the stolen intermediate. */
async function distrust(fingerprint: string, intermediatePem: string): Promise<void> {
  const { root, configuration } = issuer
  const now = systemClock.now()
  const bundle = {
    sequence: 2,
    trustDomain: 'test.internal',
    roots: [root.certificate],
    distrusted: [fingerprint],
  }
  const bundleText = await signTrustBundle(bundle, { ...root, now })
  await installAuthority({
    fileSystem: nodeFileSystem,
    state: configuration.state,
    now,
    intermediatePem,
    bundleText,
  })
  await issuer.issuer.reload(configuration)
}

/** The issuer is configured for one port and listens on another, which the system chose. */
function toPort(inner: Transport, port: number): Transport {
  const move = (url: string): string => url.replace(issuerUrl, `https://localhost:${port}`)
  return {
    exchange: (request, trust) => inner.exchange({ ...request, url: move(request.url) }, trust),
    getUnverified: (url, bodyBytesMax) => inner.getUnverified(move(url), bodyBytesMax),
  }
}

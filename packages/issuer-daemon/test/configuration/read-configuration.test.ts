import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MayflyError } from '@mayfly/ca-core'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'
import type { IssuerConfiguration } from '../../src/configuration/issuer-configuration.ts'
import { policyOf } from '../../src/configuration/policy-of.ts'
import { readIssuerConfiguration } from '../../src/configuration/read-configuration.ts'

const path = '/etc/mayfly/issuer.yaml'

const least = `
url: https://ca.example.internal:8443
listen: 0.0.0.0:8443
state: /var/lib/mayfly
trustDomain: example.internal
passphrase:
  credential: passphrase
`

test('configuration: the least that is needed → everything else has its default', async () => {
  const read = await readText(least)
  assert.equal(read.url, 'https://ca.example.internal:8443')
  assert.deepEqual(read.listen, { host: '0.0.0.0', port: 8443 })
  assert.deepEqual(read.store, { kind: 'sqlite', path: '/var/lib/mayfly/store.sqlite' })
  assert.equal(read.admin.socket, '/var/lib/mayfly/admin.sock')
  assert.deepEqual(read.tls, { names: ['dns:ca.example.internal'], keyType: 'ec-p256' })
  assert.equal(read.issuing.lifetimeSeconds, 86_400)
  assert.equal(read.issuing.cycleSeconds, 43_200)
  assert.equal(read.issuing.recoveryWindowSeconds, 604_800)
  assert.equal(read.issuing.tokenLifetimeSeconds, 900)
  assert.equal(read.issuing.dailyQuota, 12)
  assert.deepEqual(read.sweep, { cron: '*/5 * * * *', chunk: 1_000 })
  assert.deepEqual(read.metrics, {})
  assert.deepEqual(read.bundle, {})
  assert.equal(policyOf(read).auditRetentionSeconds, 400 * 86_400)
})

test('configuration: compressed lives, a cron with seconds and an address as URL → are taken', async () => {
  const read = await readText(`
url: https://127.0.0.1:9443/
listen: 127.0.0.1:9443
state: /tmp/demo/issuer
trustDomain: demo.internal
passphrase: { file: /tmp/demo/passphrase }
tls: { names: ['dns:localhost'] }
issuing: { lifetime: 60s, cycle: 15s }
sweep: { cron: '*/2 * * * * *' }
metrics: { listen: '127.0.0.1:0' }
`)
  assert.equal(read.url, 'https://127.0.0.1:9443')
  assert.deepEqual(read.tls.names, ['ip:127.0.0.1', 'dns:localhost'])
  assert.equal(read.issuing.dailyQuota, 6 * 5_760)
})

test('configuration: how long a look at the trust bundle holds → in seconds, up to a quarter of the life', async () => {
  assert.deepEqual((await readText(`${least}bundle: { maxAge: 6h }\n`)).bundle, { maxAgeSeconds: 21_600 })
  const short = `${least}issuing: { lifetime: 4m, cycle: 2m }\nsweep: { cron: '* * * * *' }\n`
  assert.deepEqual((await readText(`${short}bundle: { maxAge: 1m }\n`)).bundle, { maxAgeSeconds: 60 })
})

test('configuration: a store on PostgreSQL → its members, and nothing secret', async () => {
  const read = await readText(`${least}
store: postgres://mayfly@db-1.example,db-2.example:5433/mayfly
database: { password: { credential: database }, ca: /etc/mayfly/database-ca.pem, lease: 30s }
`)
  assert.deepEqual(read.store, {
    kind: 'postgres',
    address: {
      hosts: [
        { host: 'db-1.example', port: 5_432 },
        { host: 'db-2.example', port: 5_433 },
      ],
      user: 'mayfly',
      database: 'mayfly',
    },
    password: { credential: 'database' },
    ca: '/etc/mayfly/database-ca.pem',
    leaseSeconds: 30,
  })
})

interface Wrong {
  readonly what: string
  readonly text: string
  /** The problem lines, without the path. */
  readonly says: readonly RegExp[]
}

/** Each line of `least` can be replaced, or something added behind it. */
const wrong: readonly Wrong[] = [
  {
    what: 'an empty file',
    text: '',
    says: [/url: /, /listen: /, /state: /, /trustDomain: /, /passphrase: /],
  },
  { what: 'no YAML', text: 'url: [', says: [/^1:\d+|^2:\d+/] },
  { what: 'a key twice', text: `${least}state: /other\n`, says: [/^8:1: Map keys must be unique/] },
  { what: 'an unknown key', text: `${least}sweeep: {}\n`, says: [/^8:1: sweeep: .*sweep/] },
  {
    what: 'an unknown key inside',
    text: `${least}issuing: { lifetme: 24h }\n`,
    says: [/^8:\d+: issuing\.lifetme: /],
  },
  {
    what: 'an audit that hosts remember for longer',
    text: `${least}audit: { retention: 29d }\n`,
    says: [/^8:\d+: audit\.retention: /],
  },
  {
    what: 'a URL without TLS',
    text: replaced('url', 'http://ca.example'),
    says: [/^2:1: url: must be https/],
  },
  {
    what: 'a URL with a path',
    text: replaced('url', 'https://ca.example/ca'),
    says: [/^2:1: url: must be https/],
  },
  {
    what: 'a URL with a user',
    text: replaced('url', 'https://a:b@ca.example'),
    says: [/^2:1: url: must be https/],
  },
  {
    what: 'a port out of range',
    text: replaced('listen', '0.0.0.0:70000'),
    says: [/^3:1: listen: must be host:port/],
  },
  {
    what: 'a relative state',
    text: replaced('state', 'var/mayfly'),
    says: [/^4:1: state: must be an absolute path/],
  },
  {
    what: 'a trust domain in capitals',
    text: replaced('trustDomain', 'Example'),
    says: [/^5:1: trustDomain: must be/],
  },
  {
    what: 'a relative path as store',
    text: `${least}store: store.sqlite\n`,
    says: [/^8:1: store: must be an absolute path or postgres:/],
  },
  {
    what: 'a password in the URL of the database',
    text: `${least}store: postgres://mayfly:hunter2@localhost/mayfly\n`,
    says: [/^8:1: store: must hold no password; give it with database\.password$/],
  },
  {
    what: 'a database on another machine without its authority',
    text: `${least}store: postgres://mayfly@db.example/mayfly\n`,
    says: [/database\.ca: is needed: the PEM file/],
  },
  {
    what: 'an authority for a database without TLS',
    text: `${least}store: postgres://mayfly@db.example/mayfly\ndatabase: { tls: disable, ca: /etc/ca.pem }\n`,
    says: [/^9:\d+: database\.ca: says whom to trust/],
  },
  {
    what: 'two sources of the password',
    text: `${least}store: postgres://mayfly@localhost/mayfly\ndatabase: { password: { file: /a, credential: b } }\n`,
    says: [/^9:\d+: database\.password: needs exactly one/],
  },
  {
    what: 'a password for SQLite',
    text: `${least}database: { password: { file: /a } }\n`,
    says: [/^8:\d+: database\.password: is for a PostgreSQL store/],
  },
  {
    what: 'two sources of the passphrase',
    text: `${least}  prompt: true\n`,
    says: [/^\d+:\d+: passphrase: needs exactly one of file, credential and prompt/],
  },
  {
    what: 'no source of the passphrase',
    text: least.replace('\n  credential: passphrase', ' {}'),
    says: [/^6:\d+: passphrase: needs exactly one of/],
  },
  {
    what: 'a life over a day',
    text: `${least}issuing: { lifetime: 25h }\n`,
    says: [/^8:\d+: issuing\.lifetime: must be between 10s and 24h/],
  },
  {
    what: 'a life under ten seconds',
    text: `${least}issuing: { lifetime: 9s, cycle: 3s }\n`,
    says: [/^8:\d+: issuing\.lifetime: must be between 10s and 24h/],
  },
  {
    what: 'a life without a unit',
    text: `${least}issuing: { lifetime: 24 }\n`,
    says: [/^8:\d+: issuing\.lifetime: /],
  },
  {
    what: 'a cycle over half of the life',
    text: `${least}issuing: { lifetime: 20h, cycle: 11h }\n`,
    says: [/^8:\d+: issuing\.cycle: must be at most half of issuing\.lifetime \(36000s\)/],
  },
  {
    what: 'a quota that would stop renewals',
    text: `${least}issuing: { dailyQuota: 1 }\n`,
    says: [/^8:\d+: issuing\.dailyQuota: must be at least 2/],
  },
  {
    what: 'an unknown key type',
    text: `${least}issuing: { keyTypes: [rsa-1024] }\n`,
    says: [/^8:\d+: issuing\.keyTypes\[0\]: /],
  },
  {
    what: 'a key type twice',
    text: `${least}issuing: { keyTypes: [ed25519, ed25519] }\n`,
    says: [/^8:\d+: issuing\.keyTypes: names a key type twice/],
  },
  {
    what: 'a look at the bundle that holds for less than a minute',
    text: `${least}bundle: { maxAge: 59s }\n`,
    says: [/^8:\d+: bundle\.maxAge: must be between 60s and 6h/],
  },
  {
    what: 'a look at the bundle that holds for more than a quarter of a day',
    text: `${least}bundle: { maxAge: 7h }\n`,
    says: [/^8:\d+: bundle\.maxAge: must be between 60s and 6h/],
  },
  {
    what: 'a look at the bundle that holds for more than a quarter of the life',
    text: `${least}issuing: { lifetime: 8h, cycle: 4h }\nbundle: { maxAge: 121m }\n`,
    says: [/^9:\d+: bundle\.maxAge: must be at most a quarter of issuing\.lifetime \(7200s\): agents look/],
  },
  {
    what: 'a cron that is none',
    text: `${least}sweep: { cron: '61 * * * *' }\n`,
    says: [/^8:\d+: sweep\.cron: is no time of cron \(minute\): /],
  },
  {
    what: 'a cron that leaves days out',
    text: `${least}sweep: { cron: '*/5 * * * 1' }\n`,
    says: [/^8:\d+: sweep\.cron: must run at least once in issuing\.cycle \(43200s\), but days pass/],
  },
  {
    what: 'a cron that is slower than the cycle',
    text: `${least}issuing: { lifetime: 60s, cycle: 15s }\n`,
    says: [/sweep\.cron: must run at least once in issuing\.cycle \(15s\), but 300s pass between two runs/],
  },
  {
    what: 'a limit of nothing',
    text: `${least}limits: { address: { perMinute: 0 } }\n`,
    says: [/^8:\d+: limits\.address\.perMinute: /],
  },
  {
    what: "a socket whose path doesn't fit",
    text: `${least}admin: { socket: /run/${'x'.repeat(110)} }\n`,
    says: [/^8:\d+: admin\.socket: is longer than the 107 bytes/],
  },
  {
    what: 'metrics at the address of the API',
    text: `${least}metrics: { listen: '0.0.0.0:8443' }\n`,
    says: [/^8:\d+: metrics\.listen: is the address of the API/],
  },
  {
    what: 'a name that is none',
    text: `${least}tls: { names: ['dns:a b'] }\n`,
    says: [/^8:\d+: tls\.names\[0\]: must be a name such as/],
  },
  {
    what: 'a delegate whose socket is open to all',
    text: `${least}admin:
  delegates:
    web: { socket: /run/web.sock, may: [status], mode: '0666' }
`,
    says: [/^10:\d+: admin\.delegates\.web\.mode: must close the socket to everyone else/],
  },
  {
    what: 'delegates that share a socket, have none of their own, or no names',
    text: `${least}admin:
  socket: /run/admin.sock
  delegates:
    web: { socket: /run/admin.sock, may: [tokens] }
    db: { socket: /var/lib/mayfly/db.sock, may: [status] }
`,
    says: [
      /^11:5: admin\.delegates\.web: needs names/,
      /^11:12: admin\.delegates\.web\.socket: is the socket of the owner/,
      /^12:11: admin\.delegates\.db\.socket: is in the state folder/,
    ],
  },
  {
    what: 'a delegate with a wildcard for a range, and a power that is none',
    text: `${least}admin:
  delegates:
    web: { socket: /run/web.sock, may: [tokns], names: ['dns:*.web.example'] }
`,
    says: [/may\[0\]: .*tokens/, /names\[0\]: .*a range is a domain without a wildcard/],
  },
  {
    what: 'an HSM whose URI has a PIN',
    text: `${least}hsm: { uri: 'pkcs11:token=a?module-path=/m.so&pin-value=1', pin: { file: /pin } }\n`,
    says: [/^8:\d+: hsm\.uri: .*has a PIN or its place; say where the PIN comes from under `pin`/],
  },
  {
    what: 'an HSM without a module, and without a place for its PIN',
    text: `${least}hsm: { uri: 'pkcs11:token=a', pin: {} }\n`,
    says: [/^8:\d+: hsm\.uri: names no module/, /^8:\d+: hsm\.pin: needs exactly one of/],
  },
  {
    what: 'an HSM whose URI names a key',
    text: `${least}hsm: { uri: 'pkcs11:token=a;object=k?module-path=/m.so', pin: { file: /pin } }\n`,
    says: [/^8:\d+: hsm\.uri: names a key; leave id and object out/],
  },
  {
    what: 'one credential for the passphrase and the PIN',
    text: `${least}hsm: { uri: 'pkcs11:token=a?module-path=/m.so', pin: { credential: passphrase } }\n`,
    says: [/hsm\.pin\.credential: is the credential of the passphrase/],
  },
  { what: 'an unknown log level', text: `${least}log: { level: loud }\n`, says: [/^8:\d+: log\.level: /] },
  {
    what: 'several mistakes at once',
    text: replaced('state', 'here').replace('https:', 'ftp:'),
    says: [/^2:1: url: /, /^4:1: state: /],
  },
]

for (const { what, text, says } of wrong) {
  test(`configuration: ${what} → refused with line, key and reason`, async () => {
    const problems = await problemsOf(text)
    for (const expected of says) {
      assert.ok(
        problems.some((problem) => expected.test(problem)),
        `${expected} is not in\n${problems.join('\n')}`,
      )
    }
    assert.ok(problems.length >= says.length)
  })
}

test('configuration: a quota of nothing → told once', async () => {
  const problems = await problemsOf(`${least}issuing: { dailyQuota: 0 }\n`)
  assert.equal(problems.length, 1, problems.join('\n'))
  assert.match(problems[0] ?? '', /^8:\d+: issuing\.dailyQuota: /)
})

function replaced(key: string, value: string): string {
  return least.replace(new RegExp(`^${key}: .*$`, 'm'), `${key}: ${value}`)
}

async function readText(text: string): Promise<IssuerConfiguration> {
  const fileSystem = new MemoryFileSystem()
  await fileSystem.makeDirectory('/etc/mayfly', { mode: 0o700 })
  await fileSystem.createFile(path, Buffer.from(text), { mode: 0o600 })
  return readIssuerConfiguration(fileSystem, path)
}

async function problemsOf(text: string): Promise<string[]> {
  const error = await readText(text).then(
    () => assert.fail('was accepted'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof MayflyError && error.code === 'config-invalid', String(error))
  return error.message.split('\n').map((line) => {
    assert.ok(line.startsWith(`${path}:`), line)
    return line.slice(path.length + 1)
  })
}

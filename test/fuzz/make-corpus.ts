import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  createCertificateRequest,
  createEnrolmentToken,
  createRoot,
  drawSerial,
  encodeBase64url,
  encodeCertificateChain,
  encodePem,
  generateKeyPair,
  keySigner,
  keyTypes,
  parseCertificate,
  parseCertificateRequest,
  parseNames,
  prepareIssuing,
  signIntermediate,
  signRequest,
  signTrustBundle,
} from '@mayfly/ca-core'
import { FakeRandom } from '../fakes/fake-random.ts'
import { type CorpusKind, corpusKinds, corpusPath } from './corpus.ts'
import { type KeptSigners, signersPath } from './signers.ts'

/** Makes the samples anew: `node -C source test/fuzz/make-corpus.ts`. Their keys protect nothing. */

const now = Date.UTC(2026, 0, 15, 12)
const random = new FakeRandom('fuzz corpus')
const issuerUrl = 'https://ca.test.internal:8443'
const samples = new Map<CorpusKind, string[]>(corpusKinds.map((kind) => [kind, []]))

function add(kind: CorpusKind, name: string, content: Uint8Array | string): void {
  samples.get(kind)?.push(`${name} ${Buffer.from(content).toString('base64')}`)
}

const names = parseNames([
  'dns:web-1.example',
  'dns:*.web.example',
  'ip:192.0.2.1',
  'ip:2001:db8::1',
  'uri:https://example/web?a=1',
  'email:Ops@example',
])
const rootKey = await generateKeyPair('ec-p256')
const nameConstraints = {
  permitted: [
    { type: 'dns', value: 'example' },
    { type: 'ip', value: '192.0.2.0/24' },
    { type: 'ip', value: '2001:db8::/32' },
    { type: 'uri', value: 'example' },
    { type: 'email', value: 'example' },
  ],
  excluded: [{ type: 'dns', value: 'bad.example' }],
} as const
const root = await createRoot({ keyPair: rootKey, commonName: 'Fuzz Root', now, random, nameConstraints })
const intermediateKey = await generateKeyPair('ec-p256')
const intermediate = await signIntermediate({
  root: { certificate: root, signer: keySigner(rootKey) },
  request: parseCertificateRequest(await createCertificateRequest({ keyPair: intermediateKey })),
  now,
  random,
})
const authority = { certificate: intermediate, chain: [intermediate], signer: keySigner(intermediateKey) }
const profile = await prepareIssuing({ authority, profile: 'peer' })
add('certificate', 'root', root.der)
add('certificate', 'intermediate', intermediate.der)

const leafKey = await generateKeyPair('ec-p256')
let leaf = root
for (const type of keyTypes) {
  const keyPair = type === 'ec-p256' ? leafKey : await generateKeyPair(type)
  const plan = profile.plan({
    identity: { name: 'web-1', names },
    publicKey: keyPair.publicKey,
    serial: drawSerial(random, now),
    now,
    lifetimeSeconds: 86_400,
  })
  const { der } = await profile.issue(plan)
  add('certificate', `leaf-${type}`, der)
  if (type === 'ec-p256') leaf = parseCertificate(der)
  const csr = await createCertificateRequest({ keyPair, commonName: 'web-1.example', names })
  add('pkcs10', type, csr)
  add('private-key', type, keyPair.privateKey.export({ type: 'pkcs8', format: 'der' }))
}
const csr = await createCertificateRequest({ keyPair: leafKey })
add('pkcs10', 'without-names', csr)
add('pem', 'chain', encodeCertificateChain([leaf, intermediate]))
add('pem', 'request', encodePem('CERTIFICATE REQUEST', csr))
add('pem', 'with-text', `Subject: CN=Fuzz\r\n${root.pem.replaceAll('\n', '\r\n')}`)

for (const name of [
  'web-1.example',
  'dns:*.web.example',
  'dns:xn--bcher-kva.example',
  'bücher.example',
  'ip:192.0.2.1',
  'ip:2001:db8::1',
  '::ffff:192.0.2.1',
  'ip:10.0.0.0/8',
  'uri:spiffe://example.org/ns/web',
  'uri:HTTPS://Example/a/../b?c=%41',
  'email:Ops@Example.org',
  'web-1',
]) {
  add('name', name.replace(/[^a-z0-9]/g, '_'), name)
}

const report = {
  version: '0.1.0',
  bundleSequence: 1,
  generation: 3,
  servedSerials: ['0a'.repeat(16)],
  clockOffsetSeconds: 0,
}
const requestUrl = `${issuerUrl}/v1/requests`
const body = { csr: encodeBase64url(csr), report, immediate: true }
const jti = 'abcdefghijklmnopqrstuv'
const request = { keyPair: leafKey, signer: leaf, url: requestUrl, now, jti, body }
add('request', 'genuine', JSON.stringify(await signRequest(request)))
add('request', 'other-key', JSON.stringify(await signRequest({ ...request, keyPair: rootKey })))

const tokenKey = await generateKeyPair('ec-p256')
const rootFingerprint = root.fingerprint
const identity = { identity: 'web-1', profile: 'server', names: ['dns:web-1.example'] } as const
const token = await createEnrolmentToken({
  keyPair: tokenKey,
  issuerUrl,
  rootFingerprint,
  ...identity,
  jti,
  now,
})
add('token', 'genuine', token)
add('token', 'alg-none', `${encodeBase64url(Buffer.from('{"alg":"none"}'))}.${token.split('.')[1]}.`)

const bundle = { sequence: 7, trustDomain: 'test.internal', roots: [root], distrusted: ['ab'.repeat(32)] }
const bundleText = await signTrustBundle(bundle, { certificate: root, keyPair: rootKey, now })
add('bundle', 'genuine', bundleText)
add(
  'bundle',
  'older',
  await signTrustBundle({ ...bundle, sequence: 6 }, { certificate: root, keyPair: rootKey, now }),
)

const times = { notAfter: '2026-01-16T12:00:00Z', renewAt: '2026-01-16T00:00:00Z' }
const chain = encodeCertificateChain([leaf, intermediate])
const issued = { status: 'issued', serial: leaf.serial, generation: 3, chain, ...times, bundleSequence: 7 }
add('message', 'enrolment', JSON.stringify({ token, csr: body.csr, report }))
add('message', 'issued', JSON.stringify(issued))
add(
  'message',
  'scheduled',
  JSON.stringify({ status: 'scheduled', mintAt: times.renewAt, keyHash: leaf.publicKey.hash }),
)
add(
  'message',
  'problem',
  '{"type":"urn:mayfly:error:token-used","title":"Used","status":409,"detail":"x","code":"token-used","requestId":"1"}',
)

add(
  'issuer-yaml',
  'all',
  `# issuer
url: https://ca.test.internal:8443
listen: 0.0.0.0:8443
state: /var/lib/mayfly
trustDomain: test.internal
store: postgres://mayfly@db.test.internal/mayfly
passphrase: { credential: passphrase }
tls: { names: [dns:ca.test.internal, "ip:192.0.2.9"], keyType: ec-p384 }
issuing:
  lifetime: 24h
  cycle: 12h
  keyTypes: [ec-p256, ml-dsa-65]
sweep: { cron: "*/5 * * * *", chunk: 500 }
limits:
  address: { perMinute: 100, burst: 10 }
log:
  level: debug
`,
)
add(
  'agent-yaml',
  'all',
  `state: /var/lib/mayfly-agent
live: &live /etc/mayfly/live
certificates:
  web:
    keyType: ec-p256
    owner: root
    mode: '0640'
    formats: [combined]
    reload: { preset: nginx }
    probe:
      - connect: 127.0.0.1:443
        serverName: web-1.example
log: { level: info }
`,
)

add(
  'identities-yaml',
  'all',
  `# by team
identities:
  web-1: { names: [dns:web-1.example, 'ip:192.0.2.7', WEB-1.example.] }
  api:
    profile: peer
    names:
      - dns:*.api.example
      - uri:spiffe://test.internal/api
  batch.2: { profile: client, names: ["email:batch@example.org", '2001:db8::1'] }
`,
)

const post = 'POST /v1/enrollments HTTP/1.1\r\nHost: ca.test.internal\r\nContent-Type: application/json\r\n'
const json = JSON.stringify({ token, csr: body.csr, report })
add('http', 'post', `${post}Content-Length: ${json.length}\r\n\r\n${json}`)
add(
  'http',
  'chunked',
  `${post}Transfer-Encoding: chunked\r\n\r\n${json.length.toString(16)}\r\n${json}\r\n0\r\n\r\n`,
)
const get = `GET /v1/certificates/${leaf.publicKey.hash} HTTP/1.1\r\nHost: ca.test.internal\r\nIf-None-Match: "1"\r\n\r\n`
add('http', 'pipelined', get + get)
add('http', 'pipelined-broken', `${get}${get}broken\r\n\r\n`)
add('http', 'percent', 'GET /v1/certificates/%2e%2e%2f%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')

await mkdir(dirname(signersPath), { recursive: true })
for (const [kind, lines] of samples) await writeFile(corpusPath(kind), `${lines.join('\n')}\n`)
const spki = (key: { readonly spki: Uint8Array }): string => Buffer.from(key.spki).toString('base64')
const kept: KeptSigners = {
  now,
  issuerUrl,
  requestUrl,
  leafKey: spki(leafKey.publicKey),
  tokenKey: spki(tokenKey.publicKey),
  bundle: bundleText,
}
await writeFile(signersPath, `${JSON.stringify(kept, null, 2)}\n`)

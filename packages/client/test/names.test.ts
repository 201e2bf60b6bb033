import assert from 'node:assert/strict'
import type { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { coversHost } from '../src/names/host-match.ts'
import { formatPeerName, parsePeerName, samePeerName } from '../src/names/peer-name.ts'
import { subjectAltNames } from '../src/names/subject-alt-names.ts'

const canonical: [string, string][] = [
  ['web-1', 'dns:web-1'],
  ['WEB-1.Example.', 'dns:web-1.example'],
  ['dns:web_1.internal', 'dns:web_1.internal'],
  ['*.example', 'dns:*.example'],
  ['bücher.example', 'dns:xn--bcher-kva.example'],
  ['10.0.0.1', 'ip:10.0.0.1'],
  ['::1', 'ip:::1'],
  ['2001:DB8:0:0::1', 'ip:2001:db8::1'],
  ['fe80::1%eth0', 'ip:fe80::1'],
  ['spiffe://Prod.Example/Web', 'uri:spiffe://prod.example/Web'],
  ['email:Ops@Example.org', 'email:Ops@example.org'],
]
for (const [text, expected] of canonical) {
  test(`name: ${text} → ${expected}`, () => assert.equal(formatPeerName(parsePeerName(text)), expected))
}

const notNames = [
  '',
  '.',
  'a..b',
  '-a',
  'a-',
  'a b',
  'a\0b',
  'a/b',
  '*',
  'a.*.example',
  '*a.example',
  'a*.example',
  '*.*.example',
  'dns:10.0.0.1',
  'ip:web-1',
  'ip:10.0.0.256',
  'ip:010.0.0.1',
  'spiffe://prod.example/a b',
  'email:ops',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(127)}a`,
]
for (const text of notNames) {
  test(`name: ${JSON.stringify(text.slice(0, 30))} → TypeError`, () => {
    assert.throws(() => parsePeerName(text), TypeError)
  })
}

const hosts: [string, string, boolean, string][] = [
  ['web-1.example', 'web-1.example', true, 'the same'],
  ['web-1.example', 'WEB-1.EXAMPLE.', true, 'case and trailing dot of the host'],
  ['web-1.example', 'web-2.example', false, 'another'],
  ['example', 'web-1.example', false, 'a parent'],
  ['web-1.example', 'web-1.example.evil', false, 'a prefix'],
  ['*.example', 'web-1.example', true, 'RFC 9525 6.3: one label'],
  ['*.example', 'a.web-1.example', false, 'RFC 9525 6.3: not two labels'],
  ['*.example', 'example', false, 'RFC 9525 6.3: not no label'],
  ['*.example', 'web-1example', false, 'the dot counts'],
  ['10.0.0.1', '10.0.0.1', true, 'an address'],
  ['dns:web-1', '10.0.0.1', false, 'a name is no address'],
  ['2001:db8::1', '2001:0db8:0::0001', true, 'spellings of an address'],
  ['uri:spiffe://a/web-1', 'web-1', false, 'a URI is no host'],
]
for (const [presented, host, expected, why] of hosts) {
  test(`host ${host}: certificate for ${presented} → ${expected ? 'covered' : 'not covered'} (${why})`, () => {
    assert.equal(coversHost(parsePeerName(presented), parsePeerName(host)), expected)
  })
}

test('identity compared loosely: a wildcard and the name it covers → not the same', () => {
  assert.equal(samePeerName(parsePeerName('*.example'), parsePeerName('web-1.example')), false)
})

test('identity: the same text as another type → not the same', () => {
  assert.equal(samePeerName({ type: 'dns', value: 'a' }, { type: 'email', value: 'a' }), false)
})

function namesOf(subjectAltName: string | undefined): string[] {
  return subjectAltNames({ subjectAltName } as X509Certificate).map(formatPeerName)
}

test('SAN: every type as Node writes it → canonical names', () => {
  const text =
    'DNS:Web-1, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1, URI:spiffe://x/y, email:a@b.c'
  const names = ['dns:web-1', 'ip:127.0.0.1', 'ip:2001:db8::1', 'uri:spiffe://x/y', 'email:a@b.c']
  assert.deepEqual(namesOf(text), names)
})

test('SAN: none → no names', () => assert.deepEqual(namesOf(undefined), []))

test('identity compared loosely: a quoted value in the SAN with another entry inside → matches nothing (CVE-2021-44532)', () => {
  assert.deepEqual(namesOf('DNS:"evil, DNS:web-1", DNS:ok'), ['dns:ok'])
  assert.deepEqual(namesOf('DNS:"evil, DNS:web-1, DNS:x", DNS:ok'), ['dns:ok'])
  assert.deepEqual(namesOf('URI:"http://x/\\", DNS:web-1", DNS:ok'), ['dns:ok'])
  assert.deepEqual(namesOf('othername:"1.2.3::a, DNS:web-1"'), [])
})

test('identity compared loosely: names in the SAN with NUL, space, trailing dot or letters beyond ASCII → left out', () => {
  assert.deepEqual(
    namesOf('DNS:"web-1\\u0000.evil", DNS:web 1, DNS:web-1., DNS:bücher.example, DirName:CN=a'),
    [],
  )
})

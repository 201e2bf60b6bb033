import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatNameRange, parseName, parseNameRange } from '../../src/index.ts'
import { decodeNetwork, encodeNetwork, rangeHolds } from '../../src/names/name-range.ts'
import { throwsCode } from '../support/throws-code.ts'

const holds = (range: string, name: string): boolean => rangeHolds(parseNameRange(range), parseName(name))

test('RFC 5280 4.2.1.10: a DNS range holds the domain and all below it, at label borders', () => {
  for (const name of ['corp.example', 'a.corp.example', 'a.b.corp.example', '*.corp.example']) {
    assert.ok(holds('dns:Corp.example', name), name)
  }
  for (const name of ['example', 'acorp.example', 'corp.example.com', '192.0.2.1']) {
    assert.ok(!holds('dns:corp.example', name), name)
  }
})

test('RFC 5280 4.2.1.10: an IP range holds its network and family', () => {
  assert.ok(holds('ip:10.0.0.0/8', '10.255.0.1'))
  assert.ok(!holds('ip:10.0.0.0/8', '11.0.0.1'))
  assert.ok(!holds('ip:10.0.0.0/8', '::a00:1'))
  assert.ok(holds('ip:2001:db8::/33', '2001:db8:7fff::1'))
  assert.ok(!holds('ip:2001:db8::/33', '2001:db8:8000::1'))
  assert.ok(holds('ip:0.0.0.0/0', '255.255.255.255'))
  assert.ok(holds('ip:192.0.2.1/32', '192.0.2.1'))
})

test('RFC 5280 4.2.1.10: URI and e-mail ranges are hosts, with a leading dot those below', () => {
  assert.ok(holds('uri:corp.example', 'spiffe://corp.example/web'))
  assert.ok(!holds('uri:corp.example', 'spiffe://a.corp.example/web'))
  assert.ok(holds('uri:.corp.example', 'https://a.corp.example/'))
  assert.ok(!holds('uri:.corp.example', 'https://corp.example/'))
  assert.ok(holds('email:mail.example', 'ann@mail.example'))
  assert.ok(!holds('email:mail.example', 'ann@a.mail.example'))
})

test('parseNameRange: what is no range → name-invalid', () => {
  const refused = [
    'corp.example',
    'dns:',
    'dns:.corp.example',
    'dns:*.corp.example',
    'ip:10.0.0.1',
    'ip:10.0.0.1/8',
  ]
  for (const text of [...refused, 'ip:10.0.0.0/33', 'ip:::/129', 'ip:10.0.0.0/-1', 'uri:https://a.example']) {
    throwsCode(() => parseNameRange(text), 'name-invalid')
  }
})

test('networks: written → read back; a mask with a hole → name-invalid', () => {
  for (const text of ['ip:10.0.0.0/8', 'ip:0.0.0.0/0', 'ip:192.0.2.128/25', 'ip:::/0', 'ip:2001:db8::/33']) {
    const range = parseNameRange(text)
    assert.equal(decodeNetwork(encodeNetwork(range.value)), range.value)
    assert.equal(formatNameRange(range), text)
  }
  throwsCode(() => decodeNetwork(Uint8Array.of(10, 0, 0, 0, 255, 0, 255, 0)), 'name-invalid')
  throwsCode(() => decodeNetwork(Uint8Array.of(10, 0, 0)), 'name-invalid')
})

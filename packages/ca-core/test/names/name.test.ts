import assert from 'node:assert/strict'
import { isIPv6 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  formatName,
  isMayflyError,
  nameCovers,
  namesOutside,
  parseIdentityName,
  parseName,
  parseNames,
  parseTrustDomain,
  sameName,
} from '../../src/index.ts'
import { formatIpAddress, ipAddressBytes } from '../../src/names/ip-address.ts'
import { throwsCode } from '../support/throws-code.ts'

const canonical = {
  'web-1.example': 'dns:web-1.example',
  'WEB-1.Example': 'dns:web-1.example',
  'web-1.example.': 'dns:web-1.example',
  localhost: 'dns:localhost',
  '*.Web.example': 'dns:*.web.example',
  'xn--bcher-kva.example': 'dns:xn--bcher-kva.example',
  '192.0.2.1': 'ip:192.0.2.1',
  '2001:DB8:0:0:1:0:0:1': 'ip:2001:db8::1:0:0:1',
  '::': 'ip:::',
  '::1': 'ip:::1',
  'fe80:0:0:0:0:0:0:0': 'ip:fe80::',
  '1:0:2:3:4:5:6:7': 'ip:1:0:2:3:4:5:6:7',
  '64:ff9b::192.0.2.1': 'ip:64:ff9b::c000:201',
  'spiffe://Corp.Example/billing/Web': 'uri:spiffe://corp.example/billing/Web',
  'SPIFFE://corp.example': 'uri:spiffe://corp.example',
  'https://Web.example': 'uri:https://web.example/',
  'Ann.Lee@Mail.Example': 'email:Ann.Lee@mail.example',
  'uri:https://web.example/a?b=c': 'uri:https://web.example/a?b=c',
} as const

for (const [text, wanted] of Object.entries(canonical)) {
  test(`parseName: ${text} → ${wanted}`, () => {
    const name = parseName(text)
    assert.equal(formatName(name), wanted)
    assert.ok(sameName(parseName(formatName(name)), name))
  })
}

const refused = [
  '',
  '.',
  'dns:',
  'a..example',
  '.example',
  'web-1.example..',
  '-web.example',
  'web-.example',
  'we_b.example',
  'web 1.example',
  'web-1.example\0.evil.example',
  'web-1.example\n',
  'web-1.example\u3002',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(127)}aa`,
  '*',
  '*.example',
  'w*.web.example',
  'web.*.example',
  '*.*.web.example',
  'ab--cd.example',
  'xn--zzzzzzzz99999999.example',
  '1.2.3',
  '1.2.3.4.5',
  'dns:192.0.2.1',
  'ip:192.0.2.01',
  'ip:192.0.2.256',
  'ip:0x7f.1',
  'ip:fe80::1%eth0',
  'ip:::ffff:192.0.2.1',
  'ip:::ffff:c000:201',
  'spiffe://',
  'spiffe:///web',
  'spiffe://corp.example/',
  'spiffe://corp.example//web',
  'spiffe://corp.example/../web',
  'spiffe://corp.example/%77eb',
  'spiffe://corp.example:443/web',
  'spiffe://user@corp.example/web',
  'spiffe://corp.example/web?x',
  'spiffe://corp.example/web#x',
  `spiffe://corp.example/${'a'.repeat(2048)}`,
  'https://user:secret@web.example/',
  'https://web.example/#part',
  'https:// web.example',
  'uri:web.example',
  'ann@',
  '@mail.example',
  'ann@*.mail.example',
  'ann lee@mail.example',
  '"ann"@mail.example',
  'ann@mail.example\0',
] as const

for (const text of refused) {
  test(`identity compared loosely: parseName ${JSON.stringify(text).slice(0, 60)} → name-invalid`, () => {
    throwsCode(() => parseName(text), 'name-invalid')
  })
}

test('identity compared loosely: an international name → name-invalid, and the message tells its A-label', () => {
  const error = throwsCode(() => parseName('bücher.example'), 'name-invalid')
  assert.match(error.message, /write it as xn--bcher-kva\.example/)
})

test('identity compared loosely: letters that look alike (Cyrillic а) → never the same name', () => {
  throwsCode(() => parseName('pаypal.example'), 'name-invalid')
})

test('log and metric injection through names: the message of name-invalid holds no control character', () => {
  const error = throwsCode(() => parseName('a\n\u001b[2J\u0000b.example'), 'name-invalid')
  assert.match(error.message, /^[\x20-\x7e]*$/)
})

test('sameName: case and trailing dot do not count, type, prefix and subdomain do', () => {
  const web = parseName('web.example')
  assert.ok(sameName(web, parseName('WEB.EXAMPLE.')))
  for (const other of [
    'web.example.com',
    'a.web.example',
    'we.example',
    'uri:https://web.example/',
    'x@web.example',
  ]) {
    assert.ok(!sameName(web, parseName(other)), other)
  }
})

test('nameCovers: a wildcard stands for one whole label (RFC 9525 6.3)', () => {
  const pattern = parseName('*.web.example')
  const covered = (text: string): boolean => nameCovers(pattern, parseName(text))
  assert.ok(covered('a.web.example'))
  assert.ok(covered('A.WEB.example.'))
  assert.ok(covered('*.web.example'))
  for (const other of [
    'web.example',
    'a.b.web.example',
    'aweb.example',
    'a.web.example.com',
    '*.b.web.example',
  ]) {
    assert.ok(!covered(other), other)
  }
  assert.ok(!nameCovers(parseName('a.web.example'), pattern), 'a name covers no wildcard')
  assert.ok(!nameCovers(parseName('*.0.2.web.example'), parseName('ip:192.0.2.1')))
})

test('namesOutside: an identity with a wildcard may not hold a name below it unless it is listed', () => {
  const allowed = parseNames(['*.web.example', 'ip:192.0.2.1'])
  const outside = namesOutside(
    parseNames(['*.web.example', 'a.web.example', '192.0.2.1', '192.0.2.2']),
    allowed,
  )
  assert.deepEqual(outside.map(formatName), ['dns:a.web.example', 'ip:192.0.2.2'])
})

test('parseNames: the same name twice → once', () => {
  assert.equal(parseNames(['web.example', 'WEB.example.', 'dns:web.example']).length, 1)
})

test('parseName: any text → a name whose form is a fixed point, or name-invalid', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.domain(),
    fc.ipV4(),
    fc.ipV6(),
    fc.webUrl(),
    fc.emailAddress(),
    fc.stringMatching(/^(dns|ip|uri|email):[ -~]{0,30}$/),
  )
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const name = parseName(text)
        assert.deepEqual(parseName(formatName(name)), name)
      } catch (error) {
        assert.ok(isMayflyError(error, 'name-invalid'), `${text}: ${error}`)
      }
    }),
    { numRuns: 3_000 },
  )
})

test('IP addresses: any 16 octets → text that reads back, and that WHATWG URL writes alike (RFC 5952)', () => {
  const octets = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })), {
    minLength: 16,
    maxLength: 16,
  })
  fc.assert(
    fc.property(octets, (values) => {
      fc.pre(!(values.slice(0, 10).every((v) => v === 0) && values[10] === 255 && values[11] === 255))
      const text = formatIpAddress(Uint8Array.from(values))
      assert.ok(isIPv6(text))
      assert.deepEqual([...ipAddressBytes(text)], values)
      assert.equal(new URL(`http://[${text}]/`).hostname, `[${text}]`)
    }),
  )
})

test('paths from identity names: names that could leave a folder or a line → name-invalid', () => {
  for (const text of [
    '',
    '.',
    '..',
    '.hidden',
    'a/b',
    'a\\b',
    'a..b',
    'A',
    'a b',
    'a\n',
    'a\0',
    '-a',
    'ä',
    'a'.repeat(64),
  ]) {
    throwsCode(() => parseIdentityName(text), 'name-invalid')
  }
  for (const text of ['web-1', '0', 'a.b_c-d', 'a'.repeat(63)]) assert.equal(parseIdentityName(text), text)
})

test('parseTrustDomain: upper case → lower case; a path or port → name-invalid', () => {
  assert.equal(parseTrustDomain('Corp.Example'), 'corp.example')
  for (const text of ['', 'corp/x', 'corp:1', 'cörp', 'a'.repeat(256)]) {
    throwsCode(() => parseTrustDomain(text), 'name-invalid')
  }
})

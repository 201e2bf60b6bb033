import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseYamlConfiguration } from '@mayfly/platform'
import {
  type AgentConfiguration,
  agentConfigurationSchema,
} from '../../src/configuration/agent-configuration.ts'
import { addCertificateEntry } from '../../src/configuration/write-certificate-entry.ts'

function parse(text: string): AgentConfiguration {
  return parseYamlConfiguration(text, 'agent.yaml', agentConfigurationSchema)
}

describe('agent.yaml', () => {
  test('nothing in it: the defaults', () => {
    const { state, live, certificates, logLevel } = parse('')
    assert.deepEqual(
      { state, live, certificates, logLevel },
      { state: '/var/lib/mayfly-agent', live: '/etc/mayfly/live', certificates: {}, logLevel: 'info' },
    )
  })

  test('everything in it', () => {
    const { certificates, metrics, statusFile } = parse(`
state: /srv/state
live: /srv/live
certificates:
  web:
    identity: web-1
    issuers: [https://issuer-a.example, https://issuer-b.example:8443]
    keyType: ml-dsa-65
    names: [WEB-1.example., ip:192.0.2.1]
    owner: root
    group: www-data
    mode: '0640'
    formats: [combined]
    reload: { preset: nginx }
    probe:
      - { connect: '127.0.0.1:443', serverName: web-1.example }
    keep: 5
status: { file: /run/mayfly/status.json }
metrics: { listen: '127.0.0.1:9464', textfile: /var/lib/node_exporter/mayfly.prom }
log: { level: debug }
`)
    const web = certificates.web
    assert.equal(web?.mode, 0o640)
    assert.deepEqual(web?.names, [
      { type: 'dns', value: 'web-1.example' },
      { type: 'ip', value: '192.0.2.1' },
    ])
    assert.deepEqual(web?.reload, { preset: 'nginx' })
    assert.deepEqual(metrics.listen, { host: '127.0.0.1', port: 9464 })
    assert.equal(statusFile, '/run/mayfly/status.json')
  })

  const mistakes: readonly (readonly [name: string, text: string, told: RegExp])[] = [
    ['an unknown key', 'stat: /srv', /agent\.yaml:1:1: stat: is not a known key; did you mean state\?/],
    [
      'an unknown key of a certificate',
      'certificates:\n  web:\n    prob: []',
      /:3:5: certificates\.web\.prob: .*did you mean probe/,
    ],
    ['a relative path', 'state: here', /:1:1: state: must be an absolute path/],
    ['a name that leaves its folder', 'certificates:\n  ../web: {}', /certificates/],
    ['a name with capitals', 'certificates:\n  Web: {}', /certificates/],
    ['a bare octal number', 'certificates:\n  web: { mode: 0640 }', /mode: must be octal in quotes/],
    ['a key for everybody', "certificates:\n  web: { mode: '0644' }", /must not let others read the key/],
    [
      'a key type that is none',
      'certificates:\n  web: { keyType: rsa-1024 }',
      /:2:10: certificates\.web\.keyType/,
    ],
    [
      'an issuer without TLS',
      'certificates:\n  web: { issuers: [http://issuer.example] }',
      /must be an https:\/\/ URL/,
    ],
    ['a probe without a port', "certificates:\n  web: { probe: [{ connect: '127.0.0.1' }] }", /host:port/],
    [
      'another key than its preset has',
      'certificates:\n  web: { reload: { preset: command, argv: [/bin/true] } }',
      /^\S+:2:10: certificates\.web\.reload\.command: is missing\n\S+ certificates\.web\.reload\.argv: is not a known key/,
    ],
    ['nothing to go back to', 'certificates:\n  web: { keep: 1 }', /at least 2/],
    [
      'PKCS #12 without a password',
      'certificates:\n  web: { formats: [pkcs12] }',
      /needs keystorePasswordFile/,
    ],
    [
      'PKCS #12 for a key that no program opens in it',
      'certificates:\n  web: { keyType: ml-dsa-44, formats: [pkcs12], keystorePasswordFile: /p }',
      /:2:10: certificates\.web\.keyType: no program opens a PKCS #12 store with an ML-DSA key/,
    ],
    ['the root folder as live folder', 'live: /', /must be a folder below another/],
    ['a broken name', "certificates:\n  web: { names: ['a..b'] }", /certificates\.web\.names\[0\]/],
    ['YAML that is none', 'state: [', /agent\.yaml:\d+:\d+:/],
    ['a log level that is none', 'log: { level: loud }', /log\.level/],
  ]
  for (const [name, text, told] of mistakes) {
    test(`${name}: refused with its place`, () => {
      assert.throws(() => parse(text), { code: 'config-invalid', message: told })
    })
  }

  test('several mistakes: all are told', () => {
    assert.throws(() => parse('state: here\nlive: there'), { message: /:1:1: state.*\n.*:2:1: live/ })
  })
})

describe('adding a certificate to agent.yaml', () => {
  test('an empty file: settings and the entry', () => {
    const { text } = addCertificateEntry(
      '',
      'agent.yaml',
      'web',
      { identity: 'web-1' },
      { state: '/srv/state' },
    )
    assert.equal(text, 'state: /srv/state\ncertificates:\n  web:\n    identity: web-1\n')
  })

  test('comments and order: kept', () => {
    const before =
      '# mine\ncertificates:\n  mail:\n    # the old one\n    keep: 4\nlog: { level: warn } # quiet\n'
    const { text } = addCertificateEntry(before, 'agent.yaml', 'web', { identity: 'web-1' })
    assert.equal(
      text,
      '# mine\ncertificates:\n  mail:\n    # the old one\n    keep: 4\n  web:\n    identity: web-1\nlog: { level: warn } # quiet\n',
    )
  })

  test('an entry that is there: what it has stays, what is new is set', () => {
    const before = 'certificates:\n  web:\n    keep: 4 # four\n'
    const { text } = addCertificateEntry(before, 'agent.yaml', 'web', { identity: 'web-1', owner: undefined })
    assert.equal(text, 'certificates:\n  web:\n    keep: 4 # four\n    identity: web-1\n')
  })

  test('the same again: nothing changes', () => {
    const { text } = addCertificateEntry('', 'agent.yaml', 'web', { identity: 'web-1' })
    assert.equal(addCertificateEntry(text, 'agent.yaml', 'web', { identity: 'web-1' }).text, text)
  })

  test('a mistake in the entry: refused with its key, and not with a line that the file does not have', () => {
    assert.throws(() => addCertificateEntry('', '/etc/agent.yaml', 'web', { mode: '99', formats: ['p12'] }), {
      code: 'config-invalid',
      message:
        /^\/etc\/agent\.yaml was not changed: .*\ncertificates\.web\.mode: must be octal.*\ncertificates\.web\.formats\[0\]: must be one of/,
    })
  })

  test('a mistake that was there before: refused with its line', () => {
    const before = 'certificates:\n  mail:\n    keep: much\n'
    assert.throws(() => addCertificateEntry(before, 'agent.yaml', 'web', { mode: '99' }), {
      code: 'config-invalid',
      message: /^agent\.yaml:3:5: certificates\.mail\.keep: /,
    })
  })
})

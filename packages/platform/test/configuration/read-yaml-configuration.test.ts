import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import {
  durationSeconds,
  fileMode,
  filePath,
  hostPort,
  parseYamlConfiguration,
  readYamlConfiguration,
  readYamlExcerpt,
  url,
} from '@mayfly/platform'
import * as z from 'zod'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'

const reload = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('signal'), pid: z.int() }),
  z.strictObject({ kind: z.literal('command'), argv: z.array(z.string()).min(1) }),
])
const schema = z.strictObject({
  state: filePath,
  certificates: z.record(
    z.string(),
    z.strictObject({
      mode: fileMode.default(0o640),
      renew: durationSeconds.optional(),
      reload: reload.optional(),
      passphrase: z
        .union([z.strictObject({ file: filePath }), z.strictObject({ credential: z.string() })])
        .optional(),
      probe: z.array(z.strictObject({ connect: hostPort })).default([]),
    }),
  ),
})

function problemsOf(...lines: string[]): readonly string[] {
  try {
    parseYamlConfiguration(lines.join('\n'), 'agent.yaml', schema)
  } catch (error) {
    assert.ok(isMayflyError(error, 'config-invalid'), String(error))
    assert.equal(error.message, (error.details.problems as string[]).join('\n'))
    return error.details.problems as string[]
  }
  return []
}

describe('readYamlConfiguration', () => {
  it('a good file → values, defaults and units filled in', async () => {
    const files = new MemoryFileSystem()
    const text =
      'state: /var/lib/mayfly/\ncertificates:\n  web:\n    renew: 1h30m\n    probe: [{ connect: "[::1]:443" }]\n'
    await files.replaceFile('/agent.yaml', new TextEncoder().encode(text), { mode: 0o600 })
    assert.deepEqual(await readYamlConfiguration(files, '/agent.yaml', schema), {
      state: '/var/lib/mayfly',
      certificates: { web: { mode: 0o640, renew: 5_400, probe: [{ connect: { host: '::1', port: 443 } }] } },
    })
  })

  it('several mistakes → every one, with its line, in the order of the file', () => {
    assert.deepEqual(
      problemsOf(
        'stat: /x',
        'certificates:',
        '  web:',
        '    mode: 0640',
        '    renew: soon',
        '    probe:',
        '      - connect: nowhere',
        '      - conect: a:1',
      ),
      [
        'agent.yaml:1:1: state: is missing',
        'agent.yaml:1:1: stat: is not a known key; did you mean state?',
        'agent.yaml:4:5: certificates.web.mode: must be octal in quotes, such as "0640"',
        'agent.yaml:5:5: certificates.web.renew: must be a duration such as 15s, 5m, 24h, 90d or 1h30m',
        'agent.yaml:7:9: certificates.web.probe[0].connect: must be host:port, such as 127.0.0.1:8443 or [::1]:8443',
        'agent.yaml:8:9: certificates.web.probe[1].connect: is missing',
        'agent.yaml:8:9: certificates.web.probe[1].conect: is not a known key; did you mean connect?',
      ],
    )
  })

  it('an unknown key that is like none → the known ones are listed', () => {
    assert.deepEqual(problemsOf('state: /x', 'certificates: {}', 'zzz: 1'), [
      'agent.yaml:3:1: zzz: is not a known key; known here: certificates, state',
    ])
  })

  it('a union → the alternative that was meant is explained', () => {
    assert.deepEqual(
      problemsOf(
        'state: /x',
        'certificates:',
        '  web:',
        '    reload: { kind: command, argv: [] }',
        '    passphrase: { file: x }',
      ),
      [
        'agent.yaml:4:30: certificates.web.reload.argv: must have at least 1 entry',
        'agent.yaml:5:19: certificates.web.passphrase.file: must be an absolute path',
      ],
    )
  })

  it('an empty file, a list, no mapping at all → told', () => {
    assert.deepEqual(problemsOf(''), [
      'agent.yaml:1:1: state: is missing',
      'agent.yaml:1:1: certificates: is missing',
    ])
    assert.deepEqual(problemsOf('- a'), ['agent.yaml:1:1: must be a section of keys, and is a list'])
    assert.deepEqual(problemsOf('just words'), ['agent.yaml:1:1: must be a section of keys, and is text'])
  })

  it('broken YAML, a key twice, an alias → told with the line', () => {
    assert.match(problemsOf('state: /x', 'certificates: [').join(), /^agent\.yaml:2:\d+: /)
    assert.match(problemsOf('state: /x', 'state: /y').join(), /^agent\.yaml:2:1: .*unique/)
    assert.match(problemsOf('state: &a /x', 'certificates: *a').join(), /aliases/)
  })

  it('a key twice, deeper down, in braces, or once in quotes → each told where it stands', () => {
    assert.deepEqual(
      problemsOf(
        'state: /x',
        'certificates:',
        '  web: { mode: "0640", mode: "0600" }',
        '  1: {}',
        '  db: {}',
        '  "1": {}',
      ),
      ['agent.yaml:3:24: Map keys must be unique', 'agent.yaml:6:3: Map keys must be unique'],
    )
  })

  it('a list for a key → told with the line, once, and the process is not warned besides', async () => {
    const warned: Error[] = []
    const note = (warning: Error): void => void warned.push(warning)
    process.on('warning', note)
    const [problem, ...others] = problemsOf('state: /var/lib/x', 'certificates: {}', '? [a, b]', ': 1')
    const fileSystem = new MemoryFileSystem()
    await fileSystem.createFile('/agent.yaml', Buffer.from('? [a, b]\n: 1\n'), { mode: 0o600 })
    await readYamlExcerpt(fileSystem, '/agent.yaml', z.looseObject({}))
    // Warnings come in a later turn.
    await new Promise(setImmediate)
    process.off('warning', note)
    assert.equal(problem, 'agent.yaml:3:3: A key must be a text')
    assert.deepEqual([others, warned], [[], []])
  })

  it('very many keys in one mapping → cost what they cost in many small ones', () => {
    const count = 20_000
    const each = z.record(z.string(), z.number())
    const cpuOf = (text: string, shape: z.ZodType<unknown, unknown>): number => {
      const before = process.cpuUsage()
      parseYamlConfiguration(text, 'many.yaml', shape)
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    const lines = Array.from({ length: count }, (_, index) => `  key-${index}: 1`)
    const small = lines.flatMap((line, index) => (index % 100 === 0 ? [`map-${index}:`, line] : [line]))
    const few = cpuOf(small.join('\n'), z.record(z.string(), each))
    const all = cpuOf(['map:', ...lines].join('\n'), z.record(z.string(), each))
    assert.ok(all < 4 * few, `${all} µs against ${few} µs`)
  })

  it('a file of megabytes, no file → refused', async () => {
    const files = new MemoryFileSystem()
    await files.replaceFile('/big', new Uint8Array(2_000_000), { mode: 0o600 })
    await assert.rejects(readYamlConfiguration(files, '/big', schema), /larger than/)
    await assert.rejects(readYamlConfiguration(files, '/no', schema), (error) =>
      isMayflyError(error, 'file-missing'),
    )
  })
})

describe('setting types', () => {
  it('durationSeconds: good and bad', () => {
    const good = { '15s': 15, '5m': 300, '24h': 86_400, '90d': 7_776_000, '1h30m': 5_400 }
    for (const [text, seconds] of Object.entries(good)) assert.equal(durationSeconds.parse(text), seconds)
    for (const text of ['', '5', 's', '-5s', '1.5h', '5 m', '5M', '1y']) {
      assert.equal(durationSeconds.safeParse(text).success, false, text)
    }
  })

  it('filePath: absolute ones are normalised, others refused', () => {
    assert.equal(filePath.parse('/a//b/../c/'), '/a/c')
    assert.equal(filePath.parse('/'), '/')
    for (const text of ['', 'a', './a', '~/a', '/a\0b'])
      assert.equal(filePath.safeParse(text).success, false, text)
  })

  it('hostPort: good and bad', () => {
    assert.deepEqual(hostPort.parse('localhost:0'), { host: 'localhost', port: 0 })
    assert.deepEqual(hostPort.parse('[2001:db8::1]:65535'), { host: '2001:db8::1', port: 65_535 })
    for (const text of [
      'localhost',
      ':1',
      'a:65536',
      '::1:443',
      '[a]:1',
      '[1.2.3.4]:1',
      'a b:1',
      'https://a:1',
    ]) {
      assert.equal(hostPort.safeParse(text).success, false, text)
    }
  })

  it('url: https only, nothing secret or useless in it', () => {
    assert.equal(url.parse('https://Issuer.example:8443/'), 'https://issuer.example:8443')
    assert.equal(url.parse('https://issuer.example/ca/'), 'https://issuer.example/ca')
    for (const text of ['http://a', 'https://u:p@a', 'https://a?x', 'https://a#x', 'a', 'https://']) {
      assert.equal(url.safeParse(text).success, false, text)
    }
  })

  it('fileMode: octal text only', () => {
    assert.equal(fileMode.parse('0640'), 0o640)
    assert.equal(fileMode.parse('600'), 0o600)
    for (const text of ['0888', '4755', '64', 0o640]) assert.equal(fileMode.safeParse(text).success, false)
  })
})

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { MayflyError } from '@mayfly/ca-core'
import { createLogger, type Logger } from '@mayfly/platform'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'

function logged(write: (logger: Logger) => void): string {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  write(createLogger({ level: 'info', name: 'test', clock: new FakeClock(0), destination }))
  return lines.join('')
}

const token = 'eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl'

describe('createLogger', () => {
  it('a line: name, level and time in RFC 3339, fields and message', () => {
    const line = JSON.parse(
      logged((logger) => logger.child({ requestId: 'r1' }).info({ serial: '0a' }, 'issued')),
    )
    assert.deepEqual(line, {
      level: 'info',
      time: '1970-01-01T00:00:00.000Z',
      name: 'test',
      requestId: 'r1',
      serial: '0a',
      msg: 'issued',
    })
  })

  it('private keys, in any form and place → never pass', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const encrypted = privateKey
      .export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString()
    const secret = pem.split('\n')[1] ?? ''
    const text = logged((logger) => {
      logger.info({ note: pem }, `found ${pem} there`)
      logger.info({ err: new Error(`bad ${pem}`, { cause: new MayflyError('key-invalid', pem) }) })
      logger.info({ deep: [{ privateKey, bytes: Buffer.from(pem), text: encrypted }] })
      logger.child({ note: pem }).warn(encrypted.slice(0, 120))
    })
    assert.ok(!text.includes(secret))
    assert.ok(!text.includes(Buffer.from(secret).toString('base64')))
    assert.ok(!text.includes(encrypted.split('\n')[4] ?? 'none'))
    assert.doesNotMatch(text, /PRIVATE KEY/)
    assert.match(text, /found \[redacted\]/)
  })

  it('tokens and passphrases → never pass', () => {
    const text = logged((logger) => {
      logger.info({
        token,
        enrolmentToken: token,
        passphrase: 'sesame',
        headers: { authorization: 'Bearer sesame' },
      })
      logger.info(`POST with ${token}`)
      logger.error({ err: new Error(`token ${token}`) }, 'failed')
      logger.info({ nested: { list: [{ keystorePassword: 'sesame' }] } })
    })
    assert.doesNotMatch(text, /sesame|eyJ/)
  })

  it('log and metric injection through names: line breaks in names from outside → one line each', () => {
    const text = logged((logger) => logger.info({ identity: 'a\n{"level":"fatal"}' }, 'b\r\nc'))
    assert.equal(text.trimEnd().split('\n').length, 1)
  })

  it('a MayflyError → its code and details, no stack; another → its stack; causes too', () => {
    const cause = new MayflyError('disk-full', '/x: no space', { details: { path: '/x' } })
    const { err } = JSON.parse(logged((logger) => logger.error({ err: new Error('outer', { cause }) })))
    assert.equal(err.message, 'outer')
    assert.match(err.stack, /create-logger\.test/)
    assert.deepEqual(err.cause, { code: 'disk-full', message: '/x: no space', details: { path: '/x' } })
  })

  it('circular fields → a line all the same', () => {
    const circle: Record<string, unknown> = {}
    circle.self = circle
    assert.match(
      logged((logger) => logger.info({ circle }, 'round')),
      /"msg":"round"/,
    )
  })
})

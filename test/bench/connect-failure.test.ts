import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { withoutPackages } from '../support/missing-programs.ts'
import { failedToConnect } from './rotation/connect-failure.ts'

const run = promisify(execFile)

describe('what a database client says of a failure', () => {
  const clients = {
    psql: (port: number) => ['psql', '-XAtqc', 'SELECT 1', `host=127.0.0.1 port=${port} sslmode=require`],
    pgbench: (port: number) => [
      'pgbench',
      '-n',
      '-C',
      '-t',
      '1',
      '-h',
      '127.0.0.1',
      '-p',
      `${port}`,
      'postgres',
    ],
    mariadb: (port: number) => ['mariadb', '--host=127.0.0.1', `--port=${port}`, '--execute=SELECT 1'],
  }
  for (const [name, argvFor] of Object.entries(clients)) {
    test(`${name}: the server hangs up at once → failed to connect`, {
      skip: withoutPackages(name === 'mariadb' ? 'mariadb-client-core' : 'postgresql'),
    }, async () => {
      const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const [program = '', ...options] = argvFor((server.address() as AddressInfo).port)
      try {
        await assert.rejects(run(program, options), ({ message }: Error) => {
          assert.ok(failedToConnect(message), message)
          return true
        })
      } finally {
        server.close()
      }
    })
  }

  test('a session that is to be kept and never begins → failed to connect', () => {
    assert.ok(failedToConnect('psql ended: psql: error: connection to server at "127.0.0.1", port 1 failed'))
    assert.ok(failedToConnect('mariadb ended: ERROR 2026 (HY000): TLS/SSL error: certificate has expired'))
  })

  const inSessions = [
    'pgbench: error: client 0 script 0 aborted in command 0 query 0: server closed the connection unexpectedly',
    'psql ended: FATAL:  terminating connection due to administrator command',
    'ERROR 2013 (HY000) at line 1: Lost connection to server during query',
    'mariadb ended: ERROR 2006 (HY000) at line 3: Server has gone away',
  ]
  for (const complaint of inSessions) {
    test(`${complaint} → a request that failed`, () => assert.equal(failedToConnect(complaint), false))
  }
})

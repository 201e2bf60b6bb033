import assert from 'node:assert/strict'
import { appendFile, copyFile, readFile, readlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { encodePrivateKey, generateKeyPair } from '@mayfly/ca-core'
import { liveGeneration } from '../../packages/agent/src/state/lineage-state.ts'
import { openPortGate, type PortGate } from '../support/faults/port-gate.ts'
import { throughFault } from '../support/faults/through-fault.ts'
import { type ServedHost, startServedHost } from '../support/hosts/served-host.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { servedSerial } from '../support/served-serial.ts'
import { type Apache, startApache } from '../support/servers/apache.ts'
import { type Nginx, startNginx } from '../support/servers/nginx.ts'
import { listens, until } from '../support/servers/started-server.ts'

const serverName = 'web-1.example'
/** Two seconds of looking at a live port in place of twenty. */
const hurry = 10
const goesOn = /the agent goes on trying\.$/

describe('a server that does not do what it is told', {
  timeout: 240_000,
  skip: withoutPackages('nginx', 'apache2-bin'),
}, () => {
  describe('nginx, by its preset', () => {
    let host: ServedHost
    let nginx: Nginx
    let gate: PortGate

    before(async () => {
      host = await startServedHost({
        hurry,
        async server(place) {
          nginx = await startNginx(place)
          gate = await openPortGate(nginx.port)
          const { port, pidFile, configuration, prefix } = nginx
          return {
            entry: {
              reload: { preset: 'nginx', pidFile, configuration, prefix },
              probe: [
                { connect: `127.0.0.1:${port}`, serverName },
                { connect: `127.0.0.1:${gate.port}`, serverName, timeoutSeconds: 0.2 },
              ],
            },
            endpoint: { connect: { host: '127.0.0.1', port }, serverName },
          }
        },
      })
    })
    after(async () => {
      await host?.close()
      await gate?.close()
      await nginx?.stop()
    })

    test('its own test fails → never reloaded, the old one is live again, and its words are in the alarm', async () => {
      const text = await readFile(nginx.configuration, 'utf8')
      await throughFault(host, {
        begin: () => appendFile(nginx.configuration, 'oops;\n'),
        alarm:
          /nginx -t .* exited with 1: .*unknown directive "oops".* Mend the configuration of the server/s,
        meanwhile: assertWentBack,
        end: () => writeFile(nginx.configuration, text),
      })
    })

    test('down before the rotation → told to start it, its files are left alone, and the newest is served when it is back', async () => {
      const before = await readlink(host.liveFolder)
      await throughFault(host, {
        begin: () => nginx.stop(),
        alarm: /Start the server.* The old certificate stays installed while it is good/,
        isServed: false,
        meanwhile: async () => {
          const state = await host.state()
          assert.ok(state.candidate, 'the newest waits')
          assert.equal(await readlink(host.liveFolder), before)
          assert.deepEqual(state.live, { number: Number(basename(before)), served: true })
        },
        end: async () => {
          nginx = await startNginx({ ...host, port: nginx.port })
        },
      })
    })

    test('the probe times out → the old one is live again, and the alarm says which port', async () => {
      await throughFault(host, {
        begin: () => {
          gate.isShut = true
        },
        alarm: new RegExp(
          `127\\.0\\.0\\.1:${gate.port}: there was no answer in time; .* See the log of the server`,
        ),
        // The new one is tried again now and then, and is seen on the other port meanwhile.
        isServed: false,
        meanwhile: assertWentBack,
        end: () => {
          gate.isShut = false
        },
      })
    })

    /** The live link leads to the certificate that the port shows. */
    async function assertWentBack({ message }: { readonly message: string }): Promise<void> {
      assert.match(message, goesOn)
      const isBack = async (): Promise<boolean> => {
        const state = await host.state()
        return (
          liveGeneration(state)?.serial === state.head.serial && (await host.serial()) === state.head.serial
        )
      }
      // The new one is tried again now and then.
      await until(isBack, 'the old certificate')
    }
  })

  describe('two nginx, by a command', () => {
    let host: ServedHost
    let first: Nginx
    let second: Nginx
    let script: string
    let secondSerial: () => Promise<string>

    /** What the command does: to the process ids of the first and the second server. */
    const reloadBy = (lines: (pids: { one: string; two: string }) => string): Promise<void> => {
      const pid = ({ pidFile }: Nginx): string => `$(cat ${pidFile})`
      return writeFile(script, `#!/bin/sh\n${lines({ one: pid(first), two: pid(second) })}\n`, {
        mode: 0o755,
      })
    }
    const reloadBoth = () => reloadBy(({ one, two }) => `kill -HUP ${one} ${two}`)

    before(async () => {
      host = await startServedHost({
        hurry,
        async server(place) {
          first = await startNginx(place)
          second = await startNginx({ ...place, folder: join(place.folder, 'second') })
          script = join(place.folder, 'reload')
          await reloadBoth()
          const endpoints = [first, first, second].map(({ port }) => ({
            connect: `127.0.0.1:${port}`,
            serverName,
          }))
          return {
            entry: { reload: { command: [script] }, probe: endpoints },
            endpoint: { connect: { host: '127.0.0.1', port: first.port }, serverName },
          }
        },
      })
      secondSerial = () =>
        servedSerial(
          { connect: { host: '127.0.0.1', port: second.port }, serverName },
          host.issuer.issuer.bundle,
        )
    })
    after(async () => {
      await host?.close()
      await first?.stop()
      await second?.stop()
    })

    test('the reload fails → what it printed is in the alarm', async () => {
      await throughFault(host, {
        begin: () => reloadBy(() => 'echo "no such service" >&2; exit 3'),
        alarm:
          /exited with 3: no such service.* See whether the server runs and whether the agent may reload it/s,
        end: reloadBoth,
      })
    })

    test('the reload says that it worked and the old one stays → the probe tells', async () => {
      await throughFault(host, {
        begin: () => reloadBy(() => 'exit 0'),
        alarm:
          /the server still serves [0-9a-f]+ and not [0-9a-f]+; see its log for why it did not load the new files/,
        end: reloadBoth,
      })
    })

    test('two of three endpoints serve the new one → the third is named, and all go back to the old one', async () => {
      const before = await host.settled()
      await throughFault(host, {
        begin: () => reloadBy(({ one }) => `kill -HUP ${one}`),
        alarm: new RegExp(`^127\\.0\\.0\\.1:${second.port}: the server still serves ${before} and not `),
        // The ports that took the new one take the old one again.
        isServed: false,
        meanwhile: async () => {
          await until(async () => (await host.serial()) === before, 'the old certificate on the first port')
          assert.equal(await secondSerial(), before)
        },
        end: reloadBoth,
      })
      assert.equal(await secondSerial(), await host.serial())
    })

    test('the server dies at the reload → the alarm says that nothing listens, and the start brings the new one', async () => {
      await throughFault(host, {
        begin: () => reloadBy(({ one, two }) => `kill -HUP ${two}; kill -TERM ${one}; exit 0`),
        alarm: /127\.0\.0\.1:\d+: nothing listens there; start the server/,
        isServed: false,
        end: async () => {
          await reloadBoth()
          await until(async () => !(await listens(first.port)), 'the end of the server')
          await first.stop()
          // With a pid file of its own: a command that the agent began before may still be about to end the first.
          first = await startNginx({ ...host, port: first.port, folder: join(host.folder, 'again') })
          await reloadBoth()
        },
      })
    })
  })

  describe('Apache', () => {
    let host: ServedHost
    let apache: Apache
    let other: { certificate: string; key: string }

    before(async () => {
      host = await startServedHost({
        hurry,
        async server(place) {
          other = { certificate: join(place.folder, 'other.pem'), key: join(place.folder, 'other.key') }
          await copyFile(join(place.liveFolder, 'fullchain.pem'), other.certificate)
          await copyFile(join(place.liveFolder, 'key.pem'), other.key)
          apache = await startApache({ ...place, other })
          const { port, pidFile, configuration } = apache
          return {
            entry: {
              reload: { preset: 'apache', program: '/usr/sbin/apache2', pidFile, configuration },
              probe: [{ connect: `127.0.0.1:${port}`, serverName }],
            },
            endpoint: { connect: { host: '127.0.0.1', port }, serverName },
          }
        },
      })
    })
    after(async () => {
      await host?.close()
      await apache?.stop()
    })

    test('a pair of another site does not match, which would end it → never reloaded, it lives on, the file is named', async () => {
      const right = `${other.key}.right`
      await copyFile(other.key, right)
      await throughFault(host, {
        begin: async () => writeFile(other.key, encodePrivateKey(await generateKeyPair('ec-p256'))),
        alarm: /other\.key: it is not the key of .*other\.pem.* Mend the configuration of the server/,
        end: () => copyFile(right, other.key),
      })
    })

    test('it ends at the reload, though its own test has passed → told at once, with what starts it, and the old one is live', async () => {
      const text = await readFile(apache.configuration, 'utf8')
      await throughFault(host, {
        begin: () => writeFile(apache.configuration, `${text}\nSSLCipherSuite NONESUCH\n`),
        alarm:
          /apache2 \(process \d+\) has ended at the reload, .*Start it: \S*apache2 -D FOREGROUND -f .*apache\.conf/,
        isServed: false,
        async meanwhile() {
          const isBack = async () =>
            liveGeneration(await host.state())?.serial === (await host.state()).head.serial
          await until(isBack, 'the way back')
        },
        async end() {
          await apache.stop()
          await writeFile(apache.configuration, text)
          apache = await startApache({ ...host, other, port: apache.port })
        },
      })
    })

    test('our own key is swapped for another → put back before any reload, and it lives on', async () => {
      const before = await host.settled()
      const wrong = encodePrivateKey(await generateKeyPair('ec-p256'))
      const key = join(host.liveFolder, 'key.pem')
      const right = await readFile(key)
      await writeFile(key, wrong)
      await until(
        () => /files of the live folder were altered, and are put back/.test(host.log()),
        'the news',
      )
      assert.equal(await host.settled(), before)
      assert.deepEqual(await readFile(key), right)
    })
  })
})

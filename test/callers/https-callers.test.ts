import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { leafOf } from '../../packages/agent/src/formats/leaf.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { createTestHost, type TestHost } from '../support/rotation.ts'
import { type CalledServers, callerName, startCalledServers } from './called-servers.ts'
import { type CallerMode, type CallerProgram, callerPrograms, startCaller } from './caller-program.ts'

const rotations = 5
/** The one that the Java program opens the stores with. */
const keystorePassword = 'changeit'

let servers: CalledServers
let caller: TestHost

before(async () => {
  servers = await startCalledServers()
  caller = await createTestHost({
    issuer: servers.host.issuer,
    order: { profile: 'client', names: [`dns:${callerName}`] },
    formats: ['pkcs12'],
    keystorePassword,
  })
  await renewCaller()
})

after(async () => {
  await servers?.stop()
  await caller?.remove()
})

/** Gives back the serial. */
async function renewCaller(): Promise<string> {
  const material = await caller.issue()
  await caller.install(material)
  return leafOf(material).serial
}

for (const program of callerPrograms) {
  describe(program.name, {
    skip: withoutPackages('nginx', ...program.packages),
  }, () => {
    test(`${program.name}: both sides rotate while it runs on → answered each time, and with its newest certificate`, async () => {
      await withCaller(program, 'pinned', async (call) => {
        for (let rotation = 0; rotation < rotations; rotation++) {
          const serial = await renewCaller()
          for (const url of Object.values(servers.urls)) assert.equal(await call(url), serial)
          const rotated = servers.rotate()
          for (const url of Object.values(servers.urls)) assert.equal(await call(url), serial)
          await rotated
          for (const url of Object.values(servers.urls)) assert.equal(await call(url), serial)
        }
      })
    })

    test(`${program.name}: without a certificate, or with the system's roots → refused`, async () => {
      for (const mode of ['no-certificate', 'system-roots'] as const) {
        await withCaller(program, mode, async (call) => {
          for (const url of Object.values(servers.urls)) assert.match(await call(url), /^refused: ./)
        })
      }
    })
  })
}

async function withCaller(
  program: CallerProgram,
  mode: CallerMode,
  work: (call: (url: string) => Promise<string>) => Promise<void>,
): Promise<void> {
  const running = startCaller(await program.prepare(caller.folder), caller.liveFolder, mode)
  try {
    // nginx writes serials in upper case.
    await work(async (url) => (await running.call(url)).toLowerCase())
  } finally {
    await running.stop()
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readIssuerConfiguration } from '@mayfly/issuer-daemon'
import { type AdminClient, adminClient } from '@mayfly/issuer-daemon/administration'
import { nodeFileSystem } from '@mayfly/platform'
import type { IssuerConfiguration } from '../../../packages/issuer-daemon/src/configuration/issuer-configuration.ts'
import {
  ceremony,
  makeRoot,
  writeConfiguration,
} from '../../../packages/issuer-daemon/test/support/live-issuer.ts'

/** An issuer in a process of its own, so that its memory and its time are its own. */
export interface AttackedIssuer {
  readonly port: number
  readonly pid: number
  /** What requests are signed for. */
  readonly url: string
  /** PEM of the root. */
  readonly ca: string
  readonly admin: AdminClient
  stop(): Promise<void>
}

const program = fileURLToPath(
  new URL('../../../packages/issuer-daemon/test/support/run-issuer.ts', import.meta.url),
)
const startLooks = 600
const startLookMs = 100

/** `yaml` goes behind the least that an issuer needs; `prepare` is done before it starts, with `env` beside ours. */
export async function startAttackedIssuer(
  yaml: string,
  prepare: (configuration: IssuerConfiguration) => Promise<void> = async () => undefined,
  env: Readonly<Record<string, string>> = {},
): Promise<AttackedIssuer> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-attack-'))
  const port = await freePort()
  const path = await writeConfiguration(folder, yaml, port)
  const configuration = await readIssuerConfiguration(nodeFileSystem, path)
  const root = await makeRoot()
  await ceremony(configuration.state, root)
  await prepare(configuration)
  const child = spawn(process.execPath, ['-C', 'source', program, path], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  })
  const admin = adminClient(configuration.admin.socket)
  await untilStarted(admin, child)
  return {
    port,
    pid: child.pid ?? 0,
    url: configuration.url,
    ca: root.certificate.pem,
    admin,
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function untilStarted(admin: AdminClient, child: ChildProcess): Promise<void> {
  for (let looks = 0; looks < startLooks; looks += 1) {
    if (child.exitCode !== null) throw new Error('the issuer ended at its start')
    const isUp = await admin.status().then(
      () => true,
      () => false,
    )
    if (isUp) return
    await sleep(startLookMs)
  }
  throw new Error('the issuer did not start')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

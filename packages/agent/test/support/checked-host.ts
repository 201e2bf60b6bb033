import { MayflyError, minuteMs } from '@mayfly/ca-core'
import { FakeProcessRunner } from '../../../../test/fakes/fake-process-runner.ts'
import type { CheckPorts } from '../../src/checking/check-ports.ts'
import type { ProbeResult } from '../../src/probing/probe-result.ts'
import { statePaths } from '../../src/state/state-folder.ts'
import { VirtualHost } from './virtual-host.ts'

export const checkedConfigPath = '/etc/agent.yaml'
export const checkedYaml = `state: /state
live: /etc/live
certificates:
  web:
    identity: web-1
    group: web
    reload: { preset: nginx }
    probe: [{ connect: 127.0.0.1:443, serverName: web-1.example }]
`

/** A virtual host whose agent runs, with all that `mayfly agent check` looks at, and nothing wrong. */
export interface CheckedHost {
  readonly host: VirtualHost
  readonly processRunner: FakeProcessRunner
  readonly ports: CheckPorts
  freeBytes: number
  /** What the port shows, where it is not the newest certificate. */
  served: Partial<Extract<ProbeResult, { outcome: 'served' }>> | 'nothing'
}

export async function createCheckedHost(): Promise<CheckedHost> {
  const host = await VirtualHost.create()
  host.subject = { ...host.subject, access: { mode: 0o600, gid: 7 } }
  host.restart()
  await host.enroll()
  await host.run(minuteMs)
  const { clock, random, fileSystem, issuer, trace } = host
  for (const path of ['/proc/7', '/proc/self', '/run']) await fileSystem.makeDirectory(path, { mode: 0o755 })
  await writeText(host, checkedConfigPath, checkedYaml)
  await writeText(host, '/etc/passwd', 'root:x:0:0::/root:/bin/sh\n')
  await writeText(host, '/etc/group', 'root:x:0:\nweb:x:7:\n')
  await writeText(host, '/proc/7/comm', 'nginx\n')
  await writeText(host, '/run/nginx.pid', '7\n')
  await writeText(host, statePaths.lock('/state'), '', 0o600)
  const processRunner = new FakeProcessRunner().program('nginx')
  const ports: CheckPorts = {
    clock,
    random,
    fileSystem,
    processRunner,
    transport: issuer,
    trace,
    lock: async (path) => {
      throw new MayflyError('already-running', `${path}: another process is using this state`)
    },
    freeBytes: async () => checked.freeBytes,
    probe: async (endpoint) => {
      const { served } = checked
      if (served === 'nothing') {
        const message = '127.0.0.1:443: nothing listens there; start the server.'
        return { outcome: 'failed', endpoint, because: 'refused', message }
      }
      const { serial, notAfter } = host.state.head
      const result = { outcome: 'served', endpoint, serial, notAfter, fingerprint: '' } as const
      return { ...result, handshake: 'completed', trust: { ok: true }, ...served }
    },
  }
  const checked: CheckedHost = { host, processRunner, ports, freeBytes: 1e9, served: {} }
  return checked
}

/** Puts a file there, in the place of what was. */
export async function writeText(
  { fileSystem }: VirtualHost,
  path: string,
  text: string,
  mode: number = 0o644,
): Promise<void> {
  await fileSystem.remove(path)
  await fileSystem.createFile(path, new TextEncoder().encode(text), { mode })
}

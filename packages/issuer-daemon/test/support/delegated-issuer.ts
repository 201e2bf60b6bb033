import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AdminClient, adminClient } from '../../src/admin/admin-client.ts'
import { type LiveIssuer, startLiveIssuer } from './live-issuer.ts'

/** An issuer whose owner has given parts of the administration away. */
export interface DelegatedIssuer {
  readonly live: LiveIssuer
  /** Where the sockets are: `web.sock`, `watch.sock`, `night.sock`, `servers.sock`. */
  readonly folder: string
  /** Names in web.test, servers called web-*, tokens of ten minutes. */
  readonly web: AdminClient
  /** May look at the status and at nothing else. */
  readonly watch: AdminClient
  close(): Promise<void>
}

const yamlOf = (folder: string): string => `
tls: { names: ['dns:ca.web.test'] }
admin:
  delegates:
    web-team:
      socket: ${folder}/web.sock
      group: '${process.getgid?.()}'
      mode: '0660'
      may: [identities.read, identities.write, tokens]
      names: ['dns:web.test', 'dns:localhost', 'ip:10.1.0.0/16']
      identities: ['web-*']
      profiles: [server]
      tokenLifetimeMax: 10m
    watch:
      socket: ${folder}/watch.sock
      may: [status]
    web-night:
      socket: ${folder}/night.sock
      may: [tokens, identities.write, identities.read]
      names: ['ip:10.1.0.0/16', 'dns:localhost', 'dns:web.test']
      identities: ['web-*']
      profiles: [server]
    all-servers:
      socket: ${folder}/servers.sock
      may: [identities.write]
      names: ['dns:test']
      profiles: [server]
`

export async function startDelegatedIssuer(): Promise<DelegatedIssuer> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-delegates-'))
  const live = await startLiveIssuer({ yaml: yamlOf(folder) })
  for (const [name, profile, names] of [
    ['web-own', 'server', ['dns:own.web.test']],
    ['web-other', 'server', ['dns:own.web.test', 'dns:db.test']],
    ['web-peer', 'peer', ['dns:peer.web.test']],
    ['db-1', 'server', ['dns:db.web.test']],
  ] as const) {
    await live.admin.addIdentity({ name, profile, names })
  }
  return {
    live,
    folder,
    web: adminClient(join(folder, 'web.sock')),
    watch: adminClient(join(folder, 'watch.sock')),
    async close() {
      await live.close()
      await rm(folder, { recursive: true })
    },
  }
}

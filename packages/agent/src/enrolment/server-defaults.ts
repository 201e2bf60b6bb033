import type { FormatName } from '../formats/format-name.ts'
import type { ProbeProtocol } from '../probing/endpoint.ts'
import type { PresetName } from '../servers/presets/preset-name.ts'

/** What an enrolment writes for a server, beyond what the preset itself takes as the default. */
export interface ServerDefaults {
  /** Under `reload`. */
  readonly reload?: Readonly<Record<string, string>>
  /** Where the server leaves its process id, if that has no fixed name: the only such file is taken. */
  readonly pidFiles?: { readonly folder: string; readonly pattern: RegExp }
  /** Options that only the operator knows. */
  readonly needs?: readonly (keyof typeof flags)[]
  readonly formats?: readonly FormatName[]
  /** Of a server that reads its key as its own user; root stays the owner, so that it cannot be replaced. */
  readonly access?: { readonly group: string; readonly mode: string }
  /** Where it most often serves on this machine. */
  readonly probe?: { readonly port: number; readonly protocol?: ProbeProtocol }
}

/** What gives an option on the command line. */
export const flags = {
  pidFile: '--pid-file',
  signal: '--signal',
  command: '--command',
  unit: '--unit',
  probe: '--probe',
} as const

const https = { port: 443 } as const

/** Users, groups and places as Debian's packages have them. */
export const serverDefaults: Readonly<Record<PresetName, ServerDefaults>> = {
  nginx: { probe: https },
  haproxy: { formats: ['combined'], probe: https },
  apache: { probe: https },
  postgresql: {
    pidFiles: { folder: '/run/postgresql', pattern: /^.+\.pid$/ },
    needs: ['pidFile'],
    access: { group: 'postgres', mode: '0640' },
    probe: { port: 5432, protocol: 'postgresql' },
  },
  redis: {
    reload: { connect: '127.0.0.1:6379' },
    // Which port has TLS is told by `tls-port` alone.
    needs: ['probe'],
    access: { group: 'redis', mode: '0640' },
  },
  mariadb: { access: { group: 'mysql', mode: '0640' }, probe: { port: 3306, protocol: 'mysql' } },
  caddy: { access: { group: 'caddy', mode: '0640' }, probe: https },
  stunnel: {
    pidFiles: { folder: '/run', pattern: /^stunnel4?\.pid$/ },
    needs: ['pidFile', 'probe'],
    access: { group: 'stunnel4', mode: '0640' },
  },
  hitch: {
    pidFiles: { folder: '/run', pattern: /^hitch\.pid$/ },
    needs: ['pidFile'],
    formats: ['combined'],
    access: { group: '_hitch', mode: '0640' },
    probe: https,
  },
  signal: { needs: ['pidFile', 'signal'] },
  command: { needs: ['command'] },
  unit: { needs: ['unit'] },
  none: {},
}

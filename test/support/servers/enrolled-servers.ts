import { once } from 'node:events'
import { appendFile, chmod, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { openIdentity } from '@mayfly/client'
import type { PresetName } from '../../../packages/agent/src/servers/presets/preset-name.ts'
import type { DebianPackage } from '../missing-programs.ts'
import { startApache } from './apache.ts'
import { startCaddy } from './caddy.ts'
import { freePort } from './free-port.ts'
import { startHaproxy } from './haproxy.ts'
import { startHitch } from './hitch.ts'
import { createDatabase, mariadbUser, startMariadb } from './mariadb.ts'
import { startNginx } from './nginx.ts'
import { startPlainBackend } from './plain-backend.ts'
import { createCluster, postgresqlUser, startPostgresql } from './postgresql.ts'
import { startRedis } from './redis.ts'
import { startStunnel } from './stunnel.ts'
import { giveFolder } from './system-user.ts'

/** A real server that is enrolled by its preset, with no more on the command line than its place makes needed. */
export interface EnrolledServer {
  readonly preset: PresetName
  readonly packages: readonly DebianPackage[]
  plan(place: ServerPlace): Promise<PlannedServer>
}

export interface ServerPlace {
  /** For the server's own files. */
  readonly folder: string
  readonly liveFolder: string
}

/** What is known before the server runs, which needs the files of the enrolment. */
export interface PlannedServer {
  readonly port: number
  readonly flags: readonly string[]
  start(): Promise<StartedEnrolled>
}

export interface StartedEnrolled {
  /** The server's own configuration, to be compared with the documentation. */
  readonly configuration?: string
  /** What may be wrong with this server, one at a time. */
  readonly faults: readonly ServerFault[]
  stop(): Promise<void>
}

export interface ServerFault {
  readonly what: string
  readonly check: 'server' | 'server-test'
  /** What a person is told. */
  readonly says: RegExp
  begin(): Promise<unknown>
  end(): Promise<unknown>
}

export const enrolledServers: readonly EnrolledServer[] = [
  {
    preset: 'nginx',
    packages: ['nginx'],
    async plan(place) {
      const { port, pidFile, configuration } = { port: await freePort(), ...filesOf(place, 'nginx') }
      return {
        port,
        flags: ['--pid-file', pidFile, '--server-config', configuration],
        async start() {
          const { stop } = await startNginx({ ...place, port })
          return {
            configuration,
            stop,
            faults: [noPidFile(pidFile), badConfiguration(configuration, 'nonsense;')],
          }
        },
      }
    },
  },
  {
    preset: 'haproxy',
    packages: ['haproxy'],
    async plan(place) {
      const port = await freePort()
      const [socket, configuration] = [join(place.folder, 'admin.sock'), join(place.folder, 'haproxy.cfg')]
      return {
        port,
        flags: ['--socket', socket, '--server-config', configuration],
        async start() {
          const { stop } = await startHaproxy({ ...place, port })
          return { configuration, stop, faults: [noSocket(socket), badConfiguration(configuration)] }
        },
      }
    },
  },
  {
    preset: 'apache',
    packages: ['apache2-bin'],
    async plan(place) {
      const { port, pidFile, configuration } = { port: await freePort(), ...filesOf(place, 'apache') }
      return {
        port,
        // Debian's apache2ctl is not in the package of the server itself.
        flags: ['--pid-file', pidFile, '--server-config', configuration, '--program', '/usr/sbin/apache2'],
        async start() {
          const { stop } = await startApache({ ...place, port })
          return { configuration, stop, faults: [noPidFile(pidFile), badConfiguration(configuration)] }
        },
      }
    },
  },
  {
    preset: 'postgresql',
    packages: ['postgresql'],
    async plan(place) {
      const [port, user] = [await freePort(), await postgresqlUser()]
      const data = await createCluster(place.folder, place.liveFolder, user)
      const pidFile = join(data, 'postmaster.pid')
      const key = join(place.liveFolder, 'key.pem')
      return {
        port,
        flags: ['--pid-file', pidFile],
        async start() {
          const { stop } = await startPostgresql(data, user, port)
          const openKey: ServerFault = {
            what: 'a key that everybody may read',
            check: 'server-test',
            says: /its mode may be 0640 at most; set mode/,
            begin: () => chmod(key, 0o644),
            end: () => chmod(key, 0o640),
          }
          return {
            configuration: join(data, 'postgresql.conf'),
            stop,
            faults: [noPidFile(pidFile), openKey],
          }
        },
      }
    },
  },
  {
    preset: 'redis',
    packages: ['redis-server'],
    async plan(place) {
      const [port, as] = [await freePort(), await giveFolder(place.folder, 'redis')]
      const socket = join(place.folder, 'redis.sock')
      return {
        port,
        flags: ['--socket', socket],
        async start() {
          const { stop, configuration } = await startRedis({ ...place, port, as })
          return { configuration, stop, faults: [noSocket(socket)] }
        },
      }
    },
  },
  {
    preset: 'mariadb',
    packages: ['mariadb-server-core', 'mariadb-client-core'],
    async plan(place) {
      const [port, as] = [await freePort(), await mariadbUser()]
      const data = await createDatabase(place.folder, as)
      const socket = join(data, 'mariadb.sock')
      return {
        port,
        // The package of the bare server makes no group mysql.
        flags: ['--socket', socket, '--user', 'root', '--group', String(as.gid)],
        async start() {
          const { stop, configuration } = await startMariadb({ ...place, data, as, port })
          return { configuration, stop, faults: [noSocket(socket)] }
        },
      }
    },
  },
  {
    preset: 'caddy',
    packages: ['caddy'],
    async plan(place) {
      const [port, adminPort] = [await freePort(), await freePort()]
      const as = await giveFolder(place.folder, 'caddy')
      const configuration = join(place.folder, 'Caddyfile')
      return {
        port,
        flags: ['--connect', `127.0.0.1:${adminPort}`, '--server-config', configuration],
        async start() {
          const begin = () => startCaddy({ ...place, serverName: 'web-1.example', port, adminPort, as })
          let caddy = await begin()
          const down: ServerFault = {
            what: 'it is down',
            check: 'server',
            says: /takes no commands at 127\.0\.0\.1:\d+: .*ECONNREFUSED.*\. Start it, or set admin/,
            begin: () => caddy.stop(),
            async end() {
              caddy = await begin()
            },
          }
          return {
            configuration,
            stop: () => caddy.stop(),
            faults: [down, badConfiguration(configuration, '}')],
          }
        },
      }
    },
  },
  {
    preset: 'stunnel',
    packages: ['stunnel4'],
    async plan(place) {
      const [port, as] = [await freePort(), await giveFolder(place.folder, 'stunnel4')]
      const { pidFile } = filesOf(place, 'stunnel')
      return {
        port,
        flags: ['--pid-file', pidFile],
        async start() {
          const backend = await startPlainBackend()
          const stunnel = await startStunnel({ ...place, backendPort: backend.port, port, as })
          return {
            configuration: stunnel.configuration,
            faults: [noPidFile(pidFile)],
            stop: () => stunnel.stop().finally(backend.stop),
          }
        },
      }
    },
  },
  {
    preset: 'hitch',
    packages: ['hitch'],
    async plan(place) {
      const { port, pidFile, configuration } = { port: await freePort(), ...filesOf(place, 'hitch') }
      return {
        port,
        flags: ['--pid-file', pidFile, '--server-config', configuration],
        async start() {
          const backend = await startPlainBackend()
          const hitch = await startHitch({ ...place, backendPort: backend.port, port })
          return {
            configuration,
            faults: [noPidFile(pidFile), badConfiguration(configuration)],
            stop: () => hitch.stop().finally(backend.stop),
          }
        },
      }
    },
  },
  {
    preset: 'signal',
    packages: ['nginx'],
    async plan(place) {
      const { port, pidFile, configuration } = { port: await freePort(), ...filesOf(place, 'nginx') }
      return {
        port,
        flags: ['--pid-file', pidFile, '--signal', 'SIGHUP'],
        async start() {
          const { stop } = await startNginx({ ...place, port })
          return { configuration, stop, faults: [noPidFile(pidFile)] }
        },
      }
    },
  },
  {
    preset: 'command',
    packages: ['nginx'],
    async plan(place) {
      const port = await freePort()
      const loader = join(dirname(place.folder), 'load-it')
      return {
        port,
        flags: ['--command', loader, '--command', 'web'],
        async start() {
          const { pidFile, configuration, stop } = await startNginx({ ...place, port })
          await writeFile(loader, `#!/bin/sh\n[ "$1" = web ] && kill -HUP "$(cat ${pidFile})"\n`)
          await chmod(loader, 0o755)
          const notExecutable: ServerFault = {
            what: 'a program that may not be run',
            check: 'server',
            says: /load-it is no program that may be run\. .*correct the configuration/,
            begin: () => chmod(loader, 0o644),
            end: () => chmod(loader, 0o755),
          }
          return { configuration, stop, faults: [notExecutable] }
        },
      }
    },
  },
  {
    preset: 'none',
    packages: [],
    async plan({ liveFolder }) {
      const port = await freePort()
      return {
        port,
        flags: [],
        async start() {
          const identity = await openIdentity(liveFolder)
          const server = identity.createServer({ allow: 'anyone-in-bundle' }, (_request, response) => {
            response.end('ok\n')
          })
          server.listen(port, '127.0.0.1')
          await once(server, 'listening')
          return {
            faults: [],
            async stop() {
              server.close()
              server.closeAllConnections()
              await identity.close()
            },
          }
        },
      }
    },
  },
]

function filesOf({ folder }: ServerPlace, name: string): { pidFile: string; configuration: string } {
  return { pidFile: join(folder, `${name}.pid`), configuration: join(folder, `${name}.conf`) }
}

function noPidFile(pidFile: string): ServerFault {
  return {
    what: 'no pid file',
    check: 'server',
    says: /\.pid.*Start the server, or correct pidFile/,
    begin: () => rename(pidFile, `${pidFile}.away`),
    end: () => rename(`${pidFile}.away`, pidFile),
  }
}

function noSocket(socket: string): ServerFault {
  return {
    what: 'no socket',
    check: 'server',
    says: /\.sock.*([Ss]tart (it|the server), or correct|Can't connect to local server)/,
    begin: () => rename(socket, `${socket}.away`),
    end: () => rename(`${socket}.away`, socket),
  }
}

function badConfiguration(path: string, mistake = 'nonsense-here is-no-directive'): ServerFault {
  let good: string
  return {
    what: 'a mistake in its configuration',
    check: 'server-test',
    // The server's own words, with the file.
    says: new RegExp(`(?=.*${basename(path)}).*exited with \\d+: `, 's'),
    async begin() {
      good = await readFile(path, 'utf8')
      await appendFile(path, `\n${mistake}\n`)
    },
    end: () => writeFile(path, good),
  }
}

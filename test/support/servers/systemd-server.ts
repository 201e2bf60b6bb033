import type { EnrolledServer } from './enrolled-servers.ts'
import { freePort } from './free-port.ts'
import { layNginx } from './nginx.ts'
import { listens, until } from './started-server.ts'
import { nginxUnit, startSystemd } from './systemd.ts'

/** nginx as a unit of a real systemd. */
export const systemdServer: EnrolledServer = {
  preset: 'unit',
  packages: ['nginx', 'systemd'],
  async plan(place) {
    const port = await freePort()
    return {
      port,
      flags: ['--unit', 'web.service'],
      async start() {
        const systemd = await startSystemd()
        const path = process.env.PATH
        process.env.PATH = `${systemd.programs}:${path}`
        const nginx = await layNginx({ ...place, port })
        await systemd.addUnit('web.service', nginxUnit(nginx))
        const begin = async (): Promise<void> => {
          await systemd.systemctl('start', 'web.service')
          await until(() => listens(port), 'the port of web.service')
        }
        await begin()
        return {
          configuration: nginx.configuration,
          faults: [
            {
              what: 'it is stopped',
              check: 'server',
              says: /web\.service is inactive\. Start it/,
              begin: () => systemd.systemctl('stop', 'web.service'),
              end: begin,
            },
          ],
          async stop() {
            process.env.PATH = path
            await systemd.stop()
          },
        }
      },
    }
  },
}

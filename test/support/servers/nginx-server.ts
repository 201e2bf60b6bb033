import type { ServedHostOptions } from '../hosts/served-host.ts'
import { type Nginx, startNginx } from './nginx.ts'

/** nginx as the server of a host, reloaded by its preset and looked at on its port. */
export function nginxServer(onStart: (nginx: Nginx) => void): ServedHostOptions['server'] {
  return async (host) => {
    const nginx = await startNginx(host)
    onStart(nginx)
    const { port, pidFile, configuration, prefix } = nginx
    const connect = `127.0.0.1:${port}`
    return {
      entry: {
        reload: { preset: 'nginx', pidFile, configuration, prefix },
        probe: [{ connect, serverName: 'web-1.example' }],
      },
      endpoint: { connect: { host: '127.0.0.1', port }, serverName: 'web-1.example' },
    }
  }
}

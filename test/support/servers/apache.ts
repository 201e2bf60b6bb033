import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { listens, type StartedServer, startServer } from './started-server.ts'

export interface Apache extends StartedServer {
  readonly port: number
  readonly pidFile: string
  readonly configuration: string
}

export interface ApacheOptions {
  readonly folder: string
  /** Where `fullchain.pem` and `key.pem` are read. */
  readonly liveFolder: string
  readonly port?: number
  /** What answers `/held`. */
  readonly backendPort?: number
  /** Another virtual host's pair, on the same port. */
  readonly other?: { readonly certificate: string; readonly key: string }
}

const modules = '/usr/lib/apache2/modules'

/** Debian's Apache in the foreground, with the event MPM. `/` answers `ok`. */
export async function startApache(options: ApacheOptions): Promise<Apache> {
  const { folder } = options
  const port = options.port ?? (await freePort())
  const configuration = join(folder, 'apache.conf')
  const pidFile = join(folder, 'apache.pid')
  await mkdir(join(folder, 'html'), { recursive: true })
  await writeFile(join(folder, 'html', 'index.html'), 'ok\n')
  await writeFile(configuration, configurationOf(options, port, pidFile))
  const server = await startServer({
    argv: ['apache2', '-D', 'FOREGROUND', '-f', configuration],
    ready: () => listens(port),
  })
  return { ...server, port, pidFile, configuration }
}

function configurationOf(
  { folder, liveFolder, other, backendPort }: ApacheOptions,
  port: number,
  pidFile: string,
): string {
  return `
ServerRoot ${folder}
ServerName web-1.example
PidFile ${pidFile}
ErrorLog ${folder}/error.log
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule dir_module ${modules}/mod_dir.so
LoadModule proxy_module ${modules}/mod_proxy.so
LoadModule proxy_http_module ${modules}/mod_proxy_http.so
LoadModule ssl_module ${modules}/mod_ssl.so
User www-data
Group www-data
StartServers 2
ThreadsPerChild 25
KeepAlive On
KeepAliveTimeout 30
MaxKeepAliveRequests 0
Listen 127.0.0.1:${port} https
DocumentRoot ${folder}/html
DirectoryIndex index.html
Define LIVE ${liveFolder}
<VirtualHost *:${port}>
  ServerName web-1.example
  SSLEngine on
  SSLCertificateFile \${LIVE}/fullchain.pem
  SSLCertificateKeyFile "\${LIVE}/key.pem"
${backendPort === undefined ? '' : `  ProxyPass /held http://127.0.0.1:${backendPort}/held flushpackets=on`}
</VirtualHost>
${other === undefined ? '' : otherHost(port, other)}
`
}

function otherHost(port: number, { certificate, key }: NonNullable<ApacheOptions['other']>): string {
  return `
<VirtualHost *:${port}>
  ServerName other.example
  SSLEngine on
  SSLCertificateFile ${certificate}
  SSLCertificateKeyFile ${key}
</VirtualHost>
`
}

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { listens, type StartedServer, startServer } from './started-server.ts'

export interface Nginx extends StartedServer {
  readonly port: number
  readonly pidFile: string
  readonly configuration: string
  readonly prefix: string
}

export interface NginxOptions {
  /** An empty folder of its own: prefix, logs and pid. */
  readonly folder: string
  /** Where `fullchain.pem`, `key.pem` and `bundle.pem` are read. */
  readonly liveFolder: string
  readonly port?: number
  /** Whether callers must show a certificate of the bundle. Default: no. */
  readonly mutual?: boolean
  /** What answers `/held`. */
  readonly backendPort?: number
}

/** Where an nginx serves, and what it is started with. */
export type NginxPlace = Pick<Nginx, 'port' | 'pidFile' | 'configuration' | 'prefix'>

/** Writes everything that an nginx needs, for whoever starts it. */
export async function layNginx(options: NginxOptions): Promise<NginxPlace> {
  const port = options.port ?? (await freePort())
  const prefix = options.folder
  const configuration = join(prefix, 'nginx.conf')
  await mkdir(prefix, { recursive: true })
  await writeFile(configuration, configurationOf(options, port))
  return { port, prefix, configuration, pidFile: join(prefix, 'nginx.pid') }
}

/** What starts it in the foreground. */
export function nginxArgv({ prefix, configuration }: NginxPlace): [string, ...string[]] {
  return ['/usr/sbin/nginx', '-p', prefix, '-c', configuration, '-e', join(prefix, 'error.log')]
}

/**
 * Debian's nginx as a child in the foreground, on a port of 127.0.0.1. `/` answers `ok`, `/caller` the
 * serial of the caller's certificate.
 */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const place = await layNginx(options)
  const server = await startServer({ argv: nginxArgv(place), ready: () => listens(place.port) })
  return { ...server, ...place }
}

function configurationOf(
  { folder, liveFolder, mutual = false, backendPort }: NginxOptions,
  port: number,
): string {
  return `
daemon off;
user root;
worker_processes 2;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 100000;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate ${liveFolder}/fullchain.pem;
    ssl_certificate_key ${liveFolder}/key.pem;
    ${mutual ? `ssl_client_certificate ${liveFolder}/bundle.pem; ssl_verify_client on; ssl_verify_depth 2;` : ''}
    location / { default_type text/plain; return 200 "ok\\n"; }
    location = /caller { default_type text/plain; return 200 "$ssl_client_serial\\n"; }
    ${backendPort === undefined ? '' : `location = /held { proxy_buffering off; proxy_pass http://127.0.0.1:${backendPort}; }`}
  }
}
`
}

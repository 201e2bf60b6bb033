/** Life of a certificate in the demo: a day in reality. */
const lifetime = '60s'
/** How often each is replaced: 12 hours in reality. */
const cycle = '15s'
/** How often the issuer looks for what is due: 5 minutes in reality. */
const sweepCron = '*/2 * * * * *'

export interface IssuerSettings {
  readonly port: number
  readonly home: string
  readonly passphraseFile: string
}

/** The issuer's configuration file. */
export function issuerConfiguration({ port, home, passphraseFile }: IssuerSettings): string {
  return `# The issuer of the demo: a day's life in a minute.
url: https://127.0.0.1:${port}
listen: 127.0.0.1:${port}
state: ${home}/state
trustDomain: mayfly.test
passphrase: { file: ${passphraseFile} }
issuing: { lifetime: ${lifetime}, cycle: ${cycle}, dailyQuota: 10000 }
sweep: { cron: '${sweepCron}' }
admin: { socket: ${home}/admin.sock }
`
}

export interface NginxSettings {
  readonly port: number
  readonly home: string
  /** The live folder of its certificate. */
  readonly live: string
}

/** A web server that asks everyone for a certificate of this trust bundle. */
export function nginxConfiguration({ port, home, live }: NginxSettings): string {
  return `daemon off;
worker_processes 1;
pid ${home}/nginx.pid;
error_log ${home}/nginx-error.log warn;
events {}
http {
  access_log off;
  client_body_temp_path ${home}/nginx-temporary/body;
  proxy_temp_path ${home}/nginx-temporary/proxy;
  fastcgi_temp_path ${home}/nginx-temporary/fastcgi;
  uwsgi_temp_path ${home}/nginx-temporary/uwsgi;
  scgi_temp_path ${home}/nginx-temporary/scgi;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_protocols TLSv1.3;
    ssl_certificate ${live}/fullchain.pem;
    ssl_certificate_key ${live}/key.pem;
    ssl_client_certificate ${live}/bundle.pem;
    ssl_verify_client on;
    # A resumed session would outlive the certificates that it was made with.
    ssl_session_cache off;
    ssl_session_tickets off;
    location / { return 200 "hello from nginx\\n"; }
  }
}
`
}

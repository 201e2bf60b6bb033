/** PostgreSQL's clients name the server that they could not connect to; MariaDB's name the line of a statement that failed. */
const connecting =
  /(?:^|ended: )(?:(?:psql|pgbench): error: (?:connection to server|could not create connection|client \d+ aborted while establishing connection)|ERROR \d+ \(\w+\): )/m

/** Whether a database's own client failed before it had a session: at the connection or at its TLS handshake. */
export function failedToConnect(complaint: string): boolean {
  return connecting.test(complaint)
}

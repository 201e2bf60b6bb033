import { backoff, type Clock, type Random, secondMs } from '@mayfly/ca-core'
import { Client, type ClientBase, type ClientConfig, Pool, type QueryConfig, TypeOverrides } from 'pg'
import { schemaName } from '../schema.ts'
import { DatabaseSilent, isPassing, StandbyFound, storeError } from '../store-error.ts'
import { HostRing } from './host-ring.ts'
import { OutageWatch, outagePatienceMs } from './outage.ts'
import { describePostgres, type PostgresAddress, type PostgresHost } from './postgres-url.ts'
import { type Session, sessionOf } from './session.ts'

/** One for the changes, which come one after the other; the rest for whatever is read meanwhile. */
const connectionsMax = 8
const connectTimeoutMs = 5_000

/** A sweep waits for other issuers' transactions, each of which takes milliseconds. */
const lockTimeoutMs = 10_000
/** Who stops in the middle of a transaction holds up all others: the database ends it for them. */
const idleInTransactionTimeoutMs = 3_000
const statementTimeoutMs = 30_000
/** For what may take long. A network that fell silent tells nothing; the database's own limit comes before. */
const answerTimeoutMs = 35_000

/** Ends what is passing by name and comes again for ever. */
const attemptsMax = 60
const retryBaseSeconds = 0.05
const retryCapSeconds = 1

export interface DatabaseOptions {
  readonly address: PostgresAddress
  /** Asked at each connection, so that a new password needs no restart; only if the database wants one. */
  readonly password: (host: PostgresHost) => Promise<string>
  /** PEM of the authorities of which the database must show a certificate in its own name; no TLS if absent. */
  readonly ca?: string
  readonly clock: Clock
  readonly random: Random
}

export interface WorkOptions {
  /** For what reads or writes so much that it may take longer than a caller waits for a database that is silent. */
  readonly mayTakeLong?: boolean
}

/** The database behind its connections, with a bounded patience for it to come back. */
export class Database {
  readonly #pool: Pool
  readonly #hosts: HostRing
  readonly #place: string
  readonly #clock: Clock
  readonly #random: Random
  readonly #outage = new OutageWatch()

  constructor(options: DatabaseOptions) {
    const { address, clock, random } = options
    const [first, ...others] = address.hosts
    if (first === undefined) throw new TypeError('an address has a host')
    this.#hosts = new HostRing([first, ...others])
    this.#place = describePostgres(address)
    this.#clock = clock
    this.#random = random
    this.#pool = createPool(options, this.#hosts)
  }

  /**
   * Does the work on a connection, and again on a new one where that was lost. So the work must be one that can
   * be repeated. Where no answer comes for as long as a caller waits, its connection is cut.
   *
   * @throws MayflyError `store-unavailable` where the database stays away or silent: what was asked for may be done then
   * or not. `store-invalid` where it is damaged
   */
  async use<Result>(
    work: (session: Session) => Promise<Result>,
    { mayTakeLong = false }: WorkOptions = {},
  ): Promise<Result> {
    if (!this.#outage.isLong(this.#clock.monotonic())) {
      return this.#useAgain(work, mayTakeLong ? Number.POSITIVE_INFINITY : outagePatienceMs)
    }
    const endLook = this.#outage.beginLook(this.#clock.monotonic())
    if (endLook === undefined) throw storeError(this.#outage.error, this.#place)
    try {
      return await this.#useAgain(work, outagePatienceMs)
    } finally {
      endLook()
    }
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #useAgain<Result>(work: (session: Session) => Promise<Result>, waitMs: number): Promise<Result> {
    const startedMs = this.#clock.monotonic()
    for (let attempt = 0; ; attempt++) {
      const host = this.#hosts.current
      const askedMs = this.#clock.monotonic()
      try {
        const result = await this.#useOnce(work, startedMs + waitMs - askedMs)
        this.#outage.answered()
        return result
      } catch (error) {
        if (!isPassing(error)) {
          this.#outage.answered()
          throw storeError(error, this.#place)
        }
        const nowMs = this.#clock.monotonic()
        this.#outage.unanswered(error instanceof DatabaseSilent ? startedMs : nowMs, nowMs, error)
        this.#hosts.leave(host)
        if (attempt + 1 >= attemptsMax || this.#outage.isLong(nowMs)) throw storeError(error, this.#place)
        await this.#pause(attempt)
      }
    }
  }

  async #useOnce<Result>(work: (session: Session) => Promise<Result>, waitMs: number): Promise<Result> {
    let isOver = false
    const connecting = this.#pool.connect()
    const working = connecting.then((client) => {
      if (isOver) throw new DatabaseSilent(outagePatienceMs)
      return work(sessionOf(client))
    })
    try {
      const result = await this.#within(waitMs, working)
      const client = await connecting
      client.release()
      return result
    } catch (error) {
      isOver = true
      // Whatever was begun on this connection ends with it, also where it still waits for an answer.
      connecting.then((client) => client.release(true), ignored)
      throw error
    }
  }

  /** @throws DatabaseSilent where the work has not ended by then; it is left alone */
  async #within<Result>(waitMs: number, work: Promise<Result>): Promise<Result> {
    if (waitMs === Number.POSITIVE_INFINITY) return work
    const ended = new AbortController()
    const silence = this.#clock.sleep(waitMs, ended.signal).then(() => {
      throw new DatabaseSilent(outagePatienceMs)
    })
    try {
      return await Promise.race([work, silence])
    } finally {
      ended.abort()
    }
  }

  #pause(attempt: number): Promise<void> {
    const seconds = backoff({
      attempt,
      random: this.#random,
      baseSeconds: retryBaseSeconds,
      capSeconds: retryCapSeconds,
    })
    return this.#clock.sleep(seconds * secondMs)
  }
}

/** An error of a connection that nobody uses at the time; its next user gets a new one. */
const ignored = (): void => undefined

function createPool({ address, password, ca }: DatabaseOptions, hosts: HostRing): Pool {
  const config: ClientConfig = {
    user: address.user,
    database: address.database,
    // Never absent: pg would look into the environment for it.
    ssl: ca === undefined ? false : { ca, minVersion: 'TLSv1.3', rejectUnauthorized: true },
    application_name: 'mayfly-issuer',
    options: `-c search_path=${schemaName} -c bytea_output=hex`,
    types: columnTypes(),
    keepAlive: true,
    keepAliveInitialDelayMillis: connectTimeoutMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: answerTimeoutMs,
  }
  class MemberClient extends Client {
    constructor() {
      const host = hosts.current
      super({ ...config, ...host, password: () => password(host) })
    }
  }
  const pool = new Pool({
    Client: MemberClient,
    max: connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
    onConnect: prepareConnection,
  })
  // Without a listener an error of a connection would end the process.
  pool.on('error', ignored)
  return pool
}

async function prepareConnection(client: ClientBase): Promise<void> {
  client.on('error', ignored)
  // pg reads the limit from here too, of which its types know nothing.
  const question: QueryConfig & { readonly query_timeout: number } = {
    text: `SELECT pg_is_in_recovery() AS standby,
       CASE WHEN current_setting('synchronous_commit') = 'off'
         THEN set_config('synchronous_commit', 'on', false) END`,
    query_timeout: connectTimeoutMs,
  }
  const { rows } = await client.query<{ standby: boolean }>(question)
  if (rows[0]?.standby === true) throw new StandbyFound('it follows another server and takes no writes')
}

/** Columns as `../columns` reads them: numbers below 2^53, and bytes without Buffer's ways. */
function columnTypes(): TypeOverrides {
  const types = new TypeOverrides()
  const int8 = 20
  const bytea = 17
  types.setTypeParser(int8, Number)
  types.setTypeParser(bytea, (text: string) => new Uint8Array(Buffer.from(text.slice(2), 'hex')))
  return types
}

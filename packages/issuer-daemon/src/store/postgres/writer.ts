import { chainAudit } from '../../audit/audit-chain.ts'
import type { Change, ChangeOutcome } from '../change.ts'
import type { Totals } from '../totals.ts'
import { bulkStatements } from './bulk-rows.ts'
import type { Database } from './connecting/database.ts'
import { begin, type Session } from './connecting/session.ts'
import { loadRows } from './load-rows.ts'
import { type CommitPlan, planCommit } from './plan-commit.ts'
import { writeBulk, writeRows } from './write-rows.ts'

/** What names an issuer among those that share a database: drawn at each start. */
export type WriterId = Uint8Array

/**
 * Writes the transactions of one issuer, each exactly once, also where the connection is lost in a `COMMIT`
 * and nobody knows what came of it.
 *
 * Every transaction begins with the lock on the row `head`, so there is one at a time in the whole database:
 * guards that held stay true until the end, and the audit is one chain. With its changes each writes its number
 * to the row of its writer. An attempt after a lost connection gets the lock only when the one before has ended
 * in the database, and then sees from the number whether that came through.
 */
export class Writer {
  readonly #database: Database
  readonly #id: WriterId
  #transactions = 0

  constructor(database: Database, id: WriterId) {
    this.#database = database
    this.#id = id
  }

  /** One at a time. Rejects as `Database.use`; then the changes may be done or not, and are never half done. */
  async transact(changes: readonly Change[]): Promise<readonly ChangeOutcome[]> {
    const number = ++this.#transactions
    let attempted: readonly ChangeOutcome[] | undefined
    return this.#database.use(async (session) => {
      const head = await lockHead(session)
      if (attempted !== undefined && (await this.#isDone(session, number))) {
        await session.write('ROLLBACK')
        return attempted
      }
      const known = await loadRows(session, changes)
      const plan = planCommit(known, head, changes)
      await writeRows(session, known, plan.rows)
      await this.#advanceHead(session, head, plan, number)
      attempted = plan.outcomes
      await session.write('COMMIT')
      return plan.outcomes
    })
  }

  async #isDone(session: Session, number: number): Promise<boolean> {
    // A statement of its own: one that waits for a lock sees other rows as they were before it waited.
    const [row] = await session.read('SELECT transactions FROM writer WHERE id = $1', [this.#id])
    return row !== undefined && (row.transactions as number) >= number
  }

  async #advanceHead(
    session: Session,
    head: LockedHead,
    { audit, newest, totals }: CommitPlan,
    number: number,
  ): Promise<void> {
    const chained = chainAudit(head, audit)
    await writeBulk(
      session,
      bulkStatements.appendAudit,
      chained.map((link) => ({ ...link })),
    )
    const last = chained.at(-1) ?? head
    await session.write(
      `WITH own AS (
         INSERT INTO writer (id, transactions, seen_at) VALUES ($1, $2, now())
         ON CONFLICT (id) DO UPDATE SET transactions = excluded.transactions, seen_at = now())
       UPDATE head SET audit_number = $3, audit_hash = $4, newest_instant = $5,
         identities = $6, certificates = $7, issued = $8, burnt = $9`,
      [
        this.#id,
        number,
        last.number,
        last.hash,
        newest === undefined ? null : Math.floor(newest),
        totals.identities,
        totals.certificates,
        totals.issued,
        totals.burnt,
      ],
    )
  }
}

/** The end of the audit, the newest time that the store has seen, and what is counted. */
interface LockedHead {
  readonly number: number
  readonly hash: Uint8Array
  readonly newest: number | undefined
  readonly totals: Totals
}

async function lockHead(session: Session): Promise<LockedHead> {
  await session.write(begin)
  const [row] = await session.read('SELECT * FROM head FOR UPDATE')
  if (row === undefined) throw new TypeError('the table head has no row')
  return {
    number: row.audit_number as number,
    hash: row.audit_hash as Uint8Array,
    newest: (row.newest_instant as number | null) ?? undefined,
    totals: {
      identities: row.identities as number,
      certificates: row.certificates as number,
      issued: row.issued as number,
      burnt: row.burnt as number,
    },
  }
}

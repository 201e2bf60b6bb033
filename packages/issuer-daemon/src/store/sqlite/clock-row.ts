import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'

/** The table `clock`: the newest time that the store has seen. */
export class ClockRow {
  readonly #read
  readonly #write

  constructor(database: DatabaseSync) {
    this.#read = database.prepare('SELECT newest FROM clock')
    this.#write = database.prepare(
      'INSERT INTO clock (id, newest) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET newest = excluded.newest',
    )
  }

  newest(): Instant | undefined {
    const row = this.#read.get()
    return row === undefined ? undefined : (row.newest as number)
  }

  set(newest: Instant): void {
    this.#write.run(Math.floor(newest))
  }
}

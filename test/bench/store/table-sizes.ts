import { DatabaseSync } from 'node:sqlite'

/** Bytes of the pages of each table and index, and the file's own under ''. */
export function tableSizes(path: string): ReadonlyMap<string, number> {
  const database = new DatabaseSync(path)
  try {
    // What is in the journal goes into the file.
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    const rows = database
      .prepare('SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name ORDER BY bytes DESC')
      .all()
    return new Map(rows.map(({ name, bytes }) => [String(name), Number(bytes)]))
  } finally {
    database.close()
  }
}

export function sumOf(sizes: ReadonlyMap<string, number>, isWanted: (name: string) => boolean): number {
  return [...sizes].reduce((sum, [name, bytes]) => (isWanted(name) ? sum + bytes : sum), 0)
}

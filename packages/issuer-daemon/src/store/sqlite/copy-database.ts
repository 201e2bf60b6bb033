import { backup, DatabaseSync } from 'node:sqlite'

/** Another program may be writing; a step of the copy waits this long for it. */
const busyTimeoutMs = 5_000

/** Copies the database as it is at one moment into the empty file `out`, while others write. */
export async function copyDatabase(path: string, out: string): Promise<void> {
  const source = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs })
  await backup(source, out).finally(() => source.close())
}

/**
 * Writes a note into a copy, which becomes one file by that: a backup whose journal was left behind would be an older
 * one. Resolves to the number of the last audit record.
 */
export function noteInCopy(path: string, name: string, textOf: (auditNumber: number) => string): number {
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL')
    const auditNumber = Number(database.prepare('SELECT audit_number AS n FROM head WHERE id = 1').get()?.n)
    const write = database.prepare('INSERT OR REPLACE INTO note (name, text) VALUES (?, ?)')
    write.run(name, textOf(auditNumber))
    return auditNumber
  } finally {
    database.close()
  }
}

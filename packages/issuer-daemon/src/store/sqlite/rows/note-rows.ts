import type { DatabaseSync } from 'node:sqlite'

/** The table `note`. */
export class NoteRows {
  readonly #set
  readonly #forget
  readonly #find

  constructor(database: DatabaseSync) {
    this.#set = database.prepare(
      'INSERT INTO note (name, text) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET text = excluded.text',
    )
    this.#forget = database.prepare('DELETE FROM note WHERE name = ?')
    this.#find = database.prepare('SELECT text FROM note WHERE name = ?')
  }

  set({ name, text }: { readonly name: string; readonly text?: string }): void {
    if (text === undefined) this.#forget.run(name)
    else this.#set.run(name, text)
  }

  find(name: string): string | undefined {
    return this.#find.get(name)?.text as string | undefined
  }
}

/** What a column may hold: SQLite takes and gives these as they are. */
export type ColumnValue = string | number | Uint8Array | null

/** A row as a database gives it, by the names of its columns; both engines give the same columns. */
export type Row = Readonly<Record<string, unknown>>

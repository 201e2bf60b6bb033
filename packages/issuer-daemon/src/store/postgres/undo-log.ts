/** Writes to maps, and takes back all of it where the change that they belong to is refused. */
export class UndoLog {
  readonly #undo: (() => void)[] = []

  set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    this.#remember(map, key)
    map.set(key, value)
  }

  delete<Key, Value>(map: Map<Key, Value>, key: Key): void {
    this.#remember(map, key)
    map.delete(key)
  }

  rollBack(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo()
  }

  #remember<Key, Value>(map: Map<Key, Value>, key: Key): void {
    const before = map.get(key)
    this.#undo.push(before === undefined ? () => map.delete(key) : () => map.set(key, before))
  }
}

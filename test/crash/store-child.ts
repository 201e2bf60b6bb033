import { DatabaseSync } from 'node:sqlite'
import { restoreStore } from '../../packages/issuer-daemon/src/backup/restore-store.ts'
import { openSqliteStore } from '../../packages/issuer-daemon/src/store/sqlite/open-sqlite-store.ts'
import type { StoreTask } from './store-task.ts'

/** Packs the audit or restores a backup, and kills itself at the step that its only argument, a `StoreTask`, names. */
const task = JSON.parse(process.argv[2] ?? '') as StoreTask
const step = (name: string): void => {
  if (name === task.killAt) process.kill(process.pid, 'SIGKILL')
}

if (task.do === 'restore') {
  const { backup, store, now } = task
  await restoreStore({ backup, store, now, acceptForgotten: false, trace: { step } })
} else {
  const store = await openSqliteStore({ path: task.store })
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function traced(sql) {
    // The segment is written, the records are deleted, and nothing of it is on disk.
    if (sql === 'COMMIT') step('audit.packing')
    exec.call(this, sql)
  }
  await store.packAudit(task.now)
  step('audit.packed')
  await store.close()
}

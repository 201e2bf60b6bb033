import { formatInstant } from '@mayfly/ca-core'
import { acceptedHistoryNote, keepAlarm } from '../alarms/kept-alarms.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import { type BackupNote, backupNote, type RestoredNote, restoredNote } from './restore-notes.ts'
import { unstageKeys } from './unstage-keys.ts'

/** A backup that was put in place by hand says so itself: the same alarm as after a restore, and nothing stays staged. */
export async function noticeBackup({ store, clock }: Pick<IssuerPorts, 'store' | 'clock'>): Promise<void> {
  const text = await store.note(backupNote)
  if (text === undefined) return
  const { at: backupAt } = JSON.parse(text) as BackupNote
  const at = clock.now()
  const restored: RestoredNote = { backupAt, restoredAt: formatInstant(at) }
  await unstageKeys(store, at)
  await keepAlarm(
    {
      because: 'store-restored',
      message:
        `The store is a backup of ${backupAt} that was put in place by hand. It knows nothing of what was issued, ` +
        'suspended, revoked or changed since: suspend again who was suspended, and revoke the tokens of before.',
    },
    { at, requestId: `restore-${at}`, action: 'store.restore', actor: { kind: 'issuer' }, outcome: 'done' },
    store,
  )
  await store.commit([
    {
      at,
      parts: [
        { do: 'set-note', name: restoredNote, text: JSON.stringify(restored) },
        { do: 'set-note', name: acceptedHistoryNote, text: String(at) },
        { do: 'set-note', name: backupNote },
      ],
    },
  ])
}

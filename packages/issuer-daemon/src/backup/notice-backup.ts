import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import { type BackupNote, backupNote } from './restore-notes.ts'
import { takeForBackup } from './take-for-backup.ts'

/** A backup that was put in place by hand says so itself: the same alarm as after a restore, and nothing stays staged. */
export async function noticeBackup(ports: Pick<IssuerPorts, 'store' | 'clock'>): Promise<void> {
  const text = await ports.store.note(backupNote)
  if (text === undefined) return
  const { at: backupAt } = JSON.parse(text) as BackupNote
  const message =
    `The store is a backup of ${backupAt} that was put in place by hand. It knows nothing of what was issued, ` +
    'suspended, revoked or changed since: suspend again who was suspended, and revoke the tokens of before.'
  await takeForBackup({ backupAt, message }, ports)
}

import { formatInstant } from '@mayfly/ca-core'
import { acceptedHistoryNote, keepAlarm } from '../alarms/kept-alarms.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import { backupNote, type RestoredNote, restoredNote } from './restore-notes.ts'
import { unstageKeys } from './unstage-keys.ts'

/** Treats the store as one that knows nothing of what came after `backupAt`: the alarm of a restore, and no key stays staged. */
export async function takeForBackup(
  { backupAt, message }: { readonly backupAt: string; readonly message: string },
  { store, clock }: Pick<IssuerPorts, 'store' | 'clock'>,
): Promise<void> {
  const at = clock.now()
  const restored: RestoredNote = { backupAt, restoredAt: formatInstant(at) }
  await unstageKeys(store, at)
  await keepAlarm(
    { because: 'store-restored', message },
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

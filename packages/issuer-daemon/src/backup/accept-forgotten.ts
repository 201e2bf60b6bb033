import { formatInstant, MayflyError } from '@mayfly/ca-core'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import { forgottenAcceptedNote, type RestoredNote, restoredNote } from './restore-notes.ts'

/**
 * A person says that the lineages which a restored store forgot may be taken up again.
 *
 * @throws MayflyError `not-found` where the store was not restored
 */
export async function acceptForgotten(
  attempt: AuditAttempt,
  { store, clock }: IssuerPorts,
): Promise<RestoredNote> {
  const text = await store.note(restoredNote)
  if (text === undefined) throw new MayflyError('not-found', 'The store was not restored from a backup.')
  const restored = JSON.parse(text) as RestoredNote
  const at = clock.now()
  const accept = { do: 'set-note', name: forgottenAcceptedNote, text: formatInstant(at) } as const
  await store.commit([
    { at, parts: [accept, attempt.ending(at, { outcome: 'done', details: { ...restored } })] },
  ])
  attempt.concluded()
  return restored
}

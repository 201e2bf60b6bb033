/** In every backup, and in the store that was made of it. */
export const backupNote = 'backup'

export interface BackupNote {
  readonly at: string
  readonly auditNumber: number
}

/** In a store that was restored: the time that it knows nothing of. */
export const restoredNote = 'restored'

export interface RestoredNote {
  readonly backupAt: string
  readonly restoredAt: string
}

/** Set where a person has said that lineages which the store forgot may be taken up again. */
export const forgottenAcceptedNote = 'restored.forgotten-accepted'

import type { Instant } from '@mayfly/ca-core'
import type { AuditRecord } from '../../audit/audit-record.ts'
import type { Change, ChangeOutcome, ChangePart, ChangeRefusal } from '../change.ts'
import type { BegunGeneration, IdentityRecord } from '../identity-record.ts'
import type { Intent, IssuanceRecord, NewCertificate } from '../issuance-record.ts'
import { clockBehindSecondsMax } from '../store.ts'
import { addChange, type Totals } from '../totals.ts'
import { copyRows, type KnownRows } from './known-rows.ts'
import { UndoLog } from './undo-log.ts'

/** What a batch of changes does to the rows that it was decided on. */
export interface CommitPlan {
  readonly outcomes: readonly ChangeOutcome[]
  readonly rows: KnownRows
  /** In order, to be chained behind the last. */
  readonly audit: readonly AuditRecord[]
  /** The newest time that the store has seen. */
  readonly newest: Instant | undefined
  readonly totals: Totals
}

/**
 * Decides a batch of changes, each whole or not at all. Pure: nobody else may write while it is decided and
 * carried out, which the lock on the head of the audit sees to.
 */
export function planCommit(
  known: KnownRows,
  { newest, totals }: Pick<CommitPlan, 'newest' | 'totals'>,
  changes: readonly Change[],
): CommitPlan {
  const draft: Draft = { rows: copyRows(known), audit: [], newest, totals }
  const outcomes = changes.map((change) => planChange(draft, change))
  return { outcomes, ...draft }
}

interface Draft {
  readonly rows: KnownRows
  readonly audit: AuditRecord[]
  newest: Instant | undefined
  totals: Totals
}

function planChange(draft: Draft, change: Change): ChangeOutcome {
  const undo = new UndoLog()
  const { newest, audit } = draft
  const auditLength = audit.length
  for (const part of change.parts) {
    const refused = planPart(draft, undo, change.at, part)
    if (refused !== undefined) {
      undo.rollBack()
      audit.length = auditLength
      draft.newest = newest
      return { done: false, refused }
    }
  }
  draft.newest = Math.max(draft.newest ?? change.at, change.at)
  draft.totals = addChange(draft.totals, change)
  return { done: true }
}

function planPart(draft: Draft, undo: UndoLog, at: Instant, part: ChangePart): ChangeRefusal | undefined {
  const { rows, audit, newest } = draft
  switch (part.do) {
    case 'add-identity': {
      const { identity } = part
      if (rows.names.has(identity.name)) return 'identity-taken'
      undo.set(rows.names, identity.name, identity)
      return undefined
    }
    case 'move-identity':
      return moveIdentity(rows, undo, part.next)
    case 'add-token':
      if (rows.tokens.has(part.token.jti)) throw new TypeError('there is a token with this jti')
      undo.set(rows.tokens, part.token.jti, part.token)
      return undefined
    case 'use-token':
      return useToken(rows, undo, part)
    case 'revoke-token': {
      const token = rows.tokens.get(part.jti)
      if (token === undefined) return 'token-taken'
      undo.set(rows.tokens, part.jti, { ...token, revokedAt: token.revokedAt ?? part.at })
      return undefined
    }
    case 'remember-nonce':
      if (rows.nonces.has(part.nonce)) return 'nonce-seen'
      undo.set(rows.nonces, part.nonce, part.expiresAt)
      return undefined
    case 'intend':
      return isBehind(at, newest) ? 'clock-behind' : intend(rows, undo, part.intent)
    case 'record':
      return record(rows, undo, part)
    case 'burn':
      return burn(rows, undo, part.serial)
    case 'append-audit':
      audit.push(part.record)
      return undefined
    case 'set-note':
      undo.set(rows.notes, part.name, part.text ?? null)
      return undefined
    case 'taint':
      if (!rows.taints.has(part.fingerprint)) undo.set(rows.taints, part.fingerprint, part.at)
      return undefined
    case 'require-untainted':
      return rows.taints.has(part.fingerprint) ? 'authority-tainted' : undefined
    case 'accept-clock':
      draft.newest = at
      return undefined
  }
}

function isBehind(at: Instant, newest: Instant | undefined): boolean {
  return newest !== undefined && newest - at > clockBehindSecondsMax * 1_000
}

function moveIdentity(
  { identities }: KnownRows,
  undo: UndoLog,
  next: IdentityRecord,
): ChangeRefusal | undefined {
  const stored = identities.get(next.id)
  if (stored === undefined || stored.version !== next.version) return 'identity-moved'
  const { name, createdAt, version } = stored
  undo.set(identities, next.id, { ...next, name, createdAt, version: version + 1 })
  return undefined
}

function useToken(
  { tokens }: KnownRows,
  undo: UndoLog,
  { jti, keyHash, at }: Extract<ChangePart, { do: 'use-token' }>,
): ChangeRefusal | undefined {
  const token = tokens.get(jti)
  if (token === undefined || token.revokedAt !== undefined) return 'token-taken'
  if (token.use !== undefined && token.use.keyHash !== keyHash) return 'token-taken'
  undo.set(tokens, jti, { ...token, use: token.use ?? { at, keyHash } })
  return undefined
}

function intend(rows: KnownRows, undo: UndoLog, intent: Intent): ChangeRefusal | undefined {
  if (rows.issuances.has(intent.serial)) return 'serial-taken'
  if (rows.keys.has(intent.keyHash)) return 'key-taken'
  undo.set(rows.issuances, intent.serial, { ...intent, state: 'pending' })
  undo.set(rows.keys, intent.keyHash, intent.serial)
  return undefined
}

function burn({ issuances, keys }: KnownRows, undo: UndoLog, serial: string): ChangeRefusal | undefined {
  const issuance = issuances.get(serial)
  if (issuance?.state !== 'pending') return 'intent-gone'
  undo.set(issuances, serial, { ...issuance, state: 'burnt' })
  // It was never signed for anyone, so its key is free again.
  undo.delete(keys, issuance.keyHash)
  return undefined
}

function record(
  { issuances, certificates, identities }: KnownRows,
  undo: UndoLog,
  { certificate, at, begun }: Extract<ChangePart, { do: 'record' }>,
): ChangeRefusal | undefined {
  const issuance = issuances.get(certificate.serial)
  if (issuance?.state !== 'pending') return 'intent-gone'
  const identity = identities.get(issuance.identityId)
  if (identity === undefined) throw new TypeError('an intent is without its identity')
  if (identity.suspension !== undefined) return 'identity-suspended'
  if (begun !== undefined && begun.version !== identity.version) return 'identity-moved'
  undo.set(issuances, certificate.serial, { ...issuance, state: 'recorded' })
  undo.set(certificates, certificate.serial, certificate)
  undo.set(identities, identity.id, advance(begin(identity, begun), issuance, certificate, at))
  return undefined
}

/** The identity with the generation given out, where that comes with the certificate. */
function begin(identity: IdentityRecord, begun: BegunGeneration | undefined): IdentityRecord {
  const { lineage } = identity
  if (begun === undefined || lineage === undefined) return identity
  const { newestGeneration, quota } = begun
  return { ...identity, lineage: { ...lineage, newestGeneration }, quota }
}

/** The identity with a certificate more: its newest, no longer staged, and the current lineage where it begins one. */
function advance(
  identity: IdentityRecord,
  { keyHash, lineage, generation, parentGeneration }: IssuanceRecord,
  { serial, notAfter }: NewCertificate,
  at: Instant,
): IdentityRecord {
  const begins = parentGeneration === 0 && (identity.lineage?.number ?? 0) < lineage
  const { staged, ...rest } = identity
  return {
    ...rest,
    ...(staged !== undefined && !begins && staged.keyHash !== keyHash && { staged }),
    ...(begins && {
      lineage: { number: lineage, headGeneration: generation, headSince: at, newestGeneration: generation },
    }),
    version: identity.version + 1,
    newest: { serial, generation, notAfter },
  }
}

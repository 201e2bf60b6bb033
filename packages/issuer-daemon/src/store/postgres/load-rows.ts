import type { Change, ChangePart } from '../change.ts'
import { blobToHex, hexToBlob } from '../columns/blob.ts'
import { toIdentity } from '../columns/identity-columns.ts'
import { toIssuance } from '../columns/issuance-columns.ts'
import { toToken } from '../columns/token-columns.ts'
import type { Session } from './connecting/session.ts'
import type { KnownRows } from './known-rows.ts'

/** Reads all rows that the guards of these changes look at; six round trips at most, whatever their number. */
export async function loadRows(session: Session, changes: readonly Change[]): Promise<KnownRows> {
  const wanted = wantedKeys(changes)
  const issuanceRows = await session.read(
    `SELECT * FROM issuance WHERE serial = ANY($1::bytea[])
     UNION ALL SELECT * FROM issuance WHERE key = ANY($2::bytea[]) AND state <> 2`,
    [[...wanted.serials].map(hexToBlob), [...wanted.keys].map(hexToBlob)],
  )
  const issuances = issuanceRows.map(toIssuance)
  // A certificate moves the identity that its intent is for.
  for (const { identityId } of issuances) wanted.identityIds.add(identityId)
  const identities = await select(session, identityQuery, [...wanted.identityIds])
  const names = await select(session, nameQuery, [...wanted.names])
  const tokens = await select(session, tokenQuery, [...wanted.jtis])
  const nonces = await select(session, nonceQuery, [...wanted.nonces].map(hexToBlob))
  const taints = await select(session, taintQuery, [...wanted.authorities].map(hexToBlob))
  return {
    identities: new Map(identities.map(toIdentity).map((identity) => [identity.id, identity])),
    names: new Map(names.map(({ name }) => [name as string, 'stored'])),
    tokens: new Map(tokens.map(toToken).map((token) => [token.jti, token])),
    nonces: new Map(nonces.map(({ nonce }) => [blobToHex(nonce as Uint8Array), 'stored'])),
    issuances: new Map(issuances.map((issuance) => [issuance.serial, issuance])),
    keys: new Map(
      issuances.filter(({ state }) => state !== 'burnt').map(({ keyHash, serial }) => [keyHash, serial]),
    ),
    certificates: new Map(),
    notes: new Map(),
    taints: new Map(
      taints.map((row) => [blobToHex(row.fingerprint as Uint8Array), row.tainted_at as number]),
    ),
  }
}

const identityQuery = 'SELECT * FROM identity WHERE id = ANY($1::bigint[])'
const nameQuery = 'SELECT name FROM identity WHERE name = ANY($1::text[])'
const tokenQuery = 'SELECT * FROM token WHERE jti = ANY($1::text[])'
const taintQuery = 'SELECT * FROM taint WHERE fingerprint = ANY($1::bytea[])'
const nonceQuery = 'SELECT nonce FROM nonce WHERE nonce = ANY($1::bytea[])'

async function select(session: Session, query: string, keys: readonly unknown[]) {
  return keys.length === 0 ? [] : session.read(query, [keys])
}

interface WantedKeys {
  readonly identityIds: Set<number>
  readonly names: Set<string>
  readonly jtis: Set<string>
  readonly nonces: Set<string>
  readonly serials: Set<string>
  readonly keys: Set<string>
  /** Fingerprints of intermediates. */
  readonly authorities: Set<string>
}

function wantedKeys(changes: readonly Change[]): WantedKeys {
  const wanted: WantedKeys = {
    identityIds: new Set(),
    names: new Set(),
    jtis: new Set(),
    nonces: new Set(),
    serials: new Set(),
    keys: new Set(),
    authorities: new Set(),
  }
  for (const { parts } of changes) for (const part of parts) want(wanted, part)
  return wanted
}

function want(wanted: WantedKeys, part: ChangePart): void {
  switch (part.do) {
    case 'add-identity':
      wanted.names.add(part.identity.name)
      return
    case 'move-identity':
      wanted.identityIds.add(part.next.id)
      return
    case 'add-token':
      wanted.jtis.add(part.token.jti)
      return
    case 'use-token':
    case 'revoke-token':
      wanted.jtis.add(part.jti)
      return
    case 'remember-nonce':
      wanted.nonces.add(part.nonce)
      return
    case 'intend':
      wanted.serials.add(part.intent.serial)
      wanted.keys.add(part.intent.keyHash)
      return
    case 'record':
      wanted.serials.add(part.certificate.serial)
      return
    case 'burn':
      wanted.serials.add(part.serial)
      return
    case 'taint':
    case 'require-untainted':
      wanted.authorities.add(part.fingerprint)
      return
    case 'append-audit':
    case 'set-note':
    case 'accept-clock':
      return
  }
}

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { AuditRecord } from '../../../packages/issuer-daemon/src/audit/audit-record.ts'
import type { ChangePart } from '../../../packages/issuer-daemon/src/store/change.ts'
import type { IdentityRecord } from '../../../packages/issuer-daemon/src/store/identity-record.ts'
import type { Intent, NewCertificate } from '../../../packages/issuer-daemon/src/store/issuance-record.ts'
import type { Store } from '../../../packages/issuer-daemon/src/store/store.ts'

/** When everything in the suite happens. */
export const start = Date.UTC(2026, 0, 15, 12)
export const day = 86_400_000

export const report = {
  version: '1.2.3',
  bundleSequence: 1,
  generation: 2,
  servedSerials: ['0102'],
  clockOffsetSeconds: -0.5,
}

export const pruneNothing = {
  expiredBefore: 0,
  recoverableBefore: 0,
  noncesBefore: 0,
  tokensBefore: 0,
  limit: 100,
}

export function newIdentity(name: string) {
  return { name, profile: 'server', names: [`dns:${name}.example`], createdAt: start } as const
}

export function intent({ id }: IdentityRecord, number: number): Intent {
  return {
    serial: serial(number),
    keyHash: hash(`key ${number}`),
    identityId: id,
    lineage: 1,
    generation: 1,
    parentGeneration: 0,
    intendedAt: start,
    notAfter: start + day,
  }
}

export function certificate(number: number): NewCertificate {
  return {
    serial: serial(number),
    der: bytes(`certificate ${number}`),
    notBefore: start - 300_000,
    notAfter: start + day,
    renewAt: start + day / 2,
    chain: { fingerprint: hash('intermediate'), pem: 'PEM of the intermediate\n' },
  }
}

export function stagedKey(key: string, mintAt: number) {
  return { spki: bytes(key), keyHash: hash(key), parentGeneration: 1, stagedAt: start, mintAt }
}

export function audit(requestId: string): ChangePart {
  const record: AuditRecord = {
    at: start,
    requestId,
    action: 'test',
    actor: { kind: 'issuer' },
    outcome: 'done',
  }
  return { do: 'append-audit', record }
}

export function serial(number: number): string {
  return `40${number.toString(16).padStart(30, '0')}`
}

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function found<Value>(value: Value | undefined): Value {
  assert.ok(value !== undefined)
  return value
}

export async function names(store: Store): Promise<string[]> {
  return namesOf(await store.identities({ limit: 100 }))
}

export function namesOf(identities: readonly { readonly name: string }[]): string[] {
  return identities.map(({ name }) => name)
}

export async function requestIds(store: Store): Promise<string[]> {
  const records = await store.auditRecords({ afterNumber: 0, limit: 10_000 })
  return records.map(({ text }) => (JSON.parse(text) as { requestId: string }).requestId)
}

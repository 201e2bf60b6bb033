import { type ErrorCode, type Instant, isMayflyError, type PublicKey, readPublicKey } from '@mayfly/ca-core'
import type { Policy } from '../issuing/policy.ts'
import { useQuota } from '../issuing/quota.ts'
import { beginGeneration } from '../lineage/plan-request.ts'
import type { IdentityRecord, LineagePosition, StagedKey } from '../store/identity-record.ts'

export type SweepDecision =
  | {
      readonly do: 'mint'
      readonly next: IdentityRecord
      readonly publicKey: PublicKey
      readonly lineage: number
      readonly generation: number
      readonly parentGeneration: number
    }
  | { readonly do: 'skip'; readonly identity: IdentityRecord; readonly because: ErrorCode }

/** Decides for each identity that the store found due: its staged key is certified, or why not. */
export function planSweep(
  due: readonly IdentityRecord[],
  policy: Pick<Policy, 'keyTypes' | 'dailyQuota'>,
  now: Instant,
): readonly SweepDecision[] {
  return due.map((identity) => planOne(identity, policy, now))
}

function planOne(
  identity: IdentityRecord,
  policy: Pick<Policy, 'keyTypes' | 'dailyQuota'>,
  now: Instant,
): SweepDecision {
  const { staged, lineage } = identity
  const skip = (because: ErrorCode): SweepDecision => ({ do: 'skip', identity, because })
  if (identity.suspension !== undefined) return skip('identity-suspended')
  if (staged === undefined || lineage === undefined) return skip('lineage-ended')
  const publicKey = readStagedKey(staged)
  if (publicKey === undefined) return skip('key-invalid')
  // The policy may have changed since the key was staged.
  if (!policy.keyTypes.includes(publicKey.type)) return skip('key-type-unsupported')
  const quota = useQuota(identity, policy, now)
  if (quota.do === 'refuse') return skip(quota.code)
  return {
    do: 'mint',
    next: { ...beginGeneration(identity), quota: quota.quota },
    publicKey,
    ...place(lineage, staged),
  }
}

function place(lineage: LineagePosition, staged: StagedKey) {
  return {
    lineage: lineage.number,
    generation: lineage.newestGeneration + 1,
    parentGeneration: staged.parentGeneration,
  }
}

/** It was read when it was staged; what can't be read now was altered in the store. */
function readStagedKey({ spki, keyHash }: StagedKey): PublicKey | undefined {
  try {
    const publicKey = readPublicKey(spki)
    return publicKey.hash === keyHash ? publicKey : undefined
  } catch (error) {
    if (isMayflyError(error)) return undefined
    throw error
  }
}

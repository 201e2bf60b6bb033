import { type ErrorCode, type Instant, isMayflyError, type PublicKey, readPublicKey } from '@mayfly/ca-core'
import type { Policy } from '../issuing/policy.ts'
import { useQuota } from '../issuing/quota.ts'
import type { DueIdentity, QuotaUse } from '../store/identity-record.ts'

export type SweepDecision =
  | {
      readonly do: 'mint'
      readonly identity: DueIdentity
      readonly publicKey: PublicKey
      readonly lineage: number
      readonly generation: number
      readonly parentGeneration: number
      /** With this certificate. */
      readonly quota: QuotaUse
    }
  | { readonly do: 'skip'; readonly identity: DueIdentity; readonly because: ErrorCode }

/** Decides for each identity that the store found due: its staged key is certified, or why not. */
export function planSweep(
  due: readonly DueIdentity[],
  policy: Pick<Policy, 'keyTypes' | 'dailyQuota'>,
  now: Instant,
): readonly SweepDecision[] {
  return due.map((identity) => planOne(identity, policy, now))
}

function planOne(
  identity: DueIdentity,
  policy: Pick<Policy, 'keyTypes' | 'dailyQuota'>,
  now: Instant,
): SweepDecision {
  const { staged, lineage } = identity
  const skip = (because: ErrorCode): SweepDecision => ({ do: 'skip', identity, because })
  if (identity.isSuspended) return skip('identity-suspended')
  if (lineage === undefined) return skip('lineage-ended')
  const publicKey = readStagedKey(staged)
  if (publicKey === undefined) return skip('key-invalid')
  // The policy may have changed since the key was staged.
  if (!policy.keyTypes.includes(publicKey.type)) return skip('key-type-unsupported')
  const quota = useQuota(identity, policy, now)
  if (quota.do === 'refuse') return skip(quota.code)
  return {
    do: 'mint',
    identity,
    publicKey,
    lineage: lineage.number,
    generation: lineage.newestGeneration + 1,
    parentGeneration: staged.parentGeneration,
    quota: quota.quota,
  }
}

/** It was read when it was staged; what can't be read now was altered in the store. */
function readStagedKey({ spki, keyHash }: DueIdentity['staged']): PublicKey | undefined {
  try {
    const publicKey = readPublicKey(spki)
    return publicKey.hash === keyHash ? publicKey : undefined
  } catch (error) {
    if (isMayflyError(error)) return undefined
    throw error
  }
}

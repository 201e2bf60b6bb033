import type { Certificate } from '@mayfly/ca-core'
import type { Material } from './material.ts'

export function leafOf({ chain }: Pick<Material, 'chain'>): Certificate {
  const [leaf] = chain
  if (leaf === undefined) throw new TypeError('material without a certificate')
  return leaf
}

import type { IdentityView } from '@mayfly/issuer-daemon'
import { columns, heading } from '../../terminal/answer.ts'

/** One identity, for a person. */
export function describeIdentity(identity: IdentityView): string[] {
  const { name, state, profile, names, createdAt, suspension, lineage, newest, mintAt, seen } = identity
  const rows: (readonly [string, string])[] = [
    ['State', state],
    ['Profile', profile],
    ...names.map((allowed) => ['Name', allowed] as const),
    ['Created', createdAt],
  ]
  if (suspension !== undefined) {
    const { at, because, addresses, by } = suspension
    const what = by === undefined ? because : `${because} ${by}`
    rows.push(['Suspended', `${at}, ${what}${addresses.length > 0 ? `: ${addresses.join(' and ')}` : ''}`])
  }
  if (lineage !== undefined) rows.push(['Lineage', `${lineage.number}, generation ${lineage.generation}`])
  if (newest !== undefined) {
    rows.push([
      'Newest',
      `generation ${newest.generation}, serial ${newest.serial}, until ${newest.notAfter}`,
    ])
  }
  if (mintAt !== undefined) rows.push(['Next', mintAt])
  if (seen !== undefined) rows.push(['Last seen', `${seen.at} from ${seen.address}`])
  return [heading(name), ...columns(rows)]
}

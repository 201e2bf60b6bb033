import type { ChangePart } from './change.ts'

/** What would take long to count in tables that grow: kept, and moved in the transactions that change it. */
export interface Totals {
  readonly identities: number
  /** Certificates that are kept in full. */
  readonly certificates: number
  /** Certificates ever recorded. */
  readonly issued: number
  readonly burnt: number
}

/** Of a change, what its parts do. */
export interface ChangeKinds {
  readonly parts: readonly { readonly do: ChangePart['do'] }[]
}

/** The totals after a change that was done. */
export function addChange(totals: Totals, { parts }: ChangeKinds): Totals {
  let { identities, certificates, issued, burnt } = totals
  for (const part of parts) {
    if (part.do === 'add-identity') identities++
    else if (part.do === 'burn') burnt++
    else if (part.do === 'record') {
      certificates++
      issued++
    }
  }
  return { identities, certificates, issued, burnt }
}

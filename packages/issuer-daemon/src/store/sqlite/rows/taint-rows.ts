import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import type { ChangePart } from '../../change.ts'
import { blobToHex, hexToBlob } from '../../columns/blob.ts'
import { toIdentity } from '../../columns/identity-columns.ts'
import type { UnderTaint, UnderTaintPage } from '../../store.ts'
import type { ChainUse, Taint } from '../../taint.ts'

/** Certificates that are counted before the event loop turns: some ten milliseconds. */
const countedAtOnce = 20_000

/** A count of what lives under each intermediate, in steps. */
export interface ChainCount {
  /** Whether there is more to count. */
  countMore(): boolean
  result(): readonly ChainUse[]
}

type TaintPart = Extract<ChangePart, { do: 'taint' | 'require-untainted' }>

/** The table `taint`, and what is under its intermediates. */
export class TaintRows {
  readonly #database
  readonly #insert
  readonly #find
  readonly #all
  readonly #under
  readonly #lastIdentity
  /** Intermediates that are not tainted, as was seen in the transaction at hand. */
  readonly #untainted = new Set<string>()

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#insert = database.prepare('INSERT OR IGNORE INTO taint (fingerprint, tainted_at) VALUES (?, ?)')
    this.#find = database.prepare('SELECT 1 FROM taint WHERE fingerprint = ?')
    this.#all = database.prepare('SELECT * FROM taint')
    // CROSS JOIN keeps the order: a page of identities first, then one look by key into each other table.
    this.#under = database.prepare(
      `SELECT identity.* FROM identity
         CROSS JOIN issuance ON issuance.serial = identity.newest_serial
         CROSS JOIN certificate ON certificate.issuance_id = issuance.id
         CROSS JOIN chain ON chain.id = certificate.chain_id
         CROSS JOIN taint ON taint.fingerprint = chain.fingerprint
       WHERE identity.id > :after AND identity.id <= :last AND identity.mint_at > :dueAfter
       ORDER BY identity.id`,
    )
    this.#lastIdentity = database.prepare('SELECT coalesce(max(id), 0) AS id FROM identity')
  }

  /** Sets a taint, or refuses what may not be done under one. */
  apply(part: TaintPart): 'authority-tainted' | undefined {
    const { fingerprint } = part
    if (part.do === 'taint') {
      this.#untainted.delete(fingerprint)
      this.#insert.run(hexToBlob(fingerprint), part.at)
    } else if (!this.#untainted.has(fingerprint)) {
      if (this.#find.get(hexToBlob(fingerprint)) !== undefined) return 'authority-tainted'
      this.#untainted.add(fingerprint)
    }
    return undefined
  }

  /** To be told at the beginning of each transaction. */
  forgetLooks(): void {
    this.#untainted.clear()
  }

  all(): Taint[] {
    const taints = this.#all.all().map((row) => ({
      fingerprint: blobToHex(row.fingerprint as Uint8Array),
      at: row.tainted_at as number,
    }))
    return taints.sort((one, other) => one.at - other.at)
  }

  stagedUnder({ dueAfter, afterId, limit }: UnderTaintPage): UnderTaint {
    const last = afterId + limit
    const identities = this.#under.all({ after: afterId, last, dueAfter }).map(toIdentity)
    const end = this.#lastIdentity.get()?.id as number
    return { identities, ...(last < end && { nextAfterId: last }) }
  }

  countChains(now: Instant): ChainCount {
    return countChains(this.#database, now)
  }
}

function countChains(database: DatabaseSync, now: Instant): ChainCount {
  const chains = database.prepare('SELECT * FROM chain').all()
  const found = new Map<unknown, { liveLeaves: number; lastNotAfter?: Instant }>()
  const count = database.prepare(
    `SELECT count(*) AS n, max(not_after) AS last FROM certificate
     WHERE issuance_id >= :from AND issuance_id < :to AND chain_id = :chain AND not_after > :now`,
  )
  let from = Number(database.prepare('SELECT min(issuance_id) AS id FROM certificate').get()?.id ?? 1)
  const last = Number(database.prepare('SELECT max(issuance_id) AS id FROM certificate').get()?.id ?? 0)
  return {
    countMore() {
      const to = from + countedAtOnce
      for (const { id } of chains) {
        const row = count.get({ from, to, chain: id as number, now })
        const known = found.get(id)
        const n = row?.n as number
        if (n === 0) continue
        const lastNotAfter = Math.max(known?.lastNotAfter ?? 0, row?.last as number)
        found.set(id, { liveLeaves: (known?.liveLeaves ?? 0) + n, lastNotAfter })
      }
      from = to
      return from <= last
    },
    result: () =>
      chains.map((row) => ({
        fingerprint: blobToHex(row.fingerprint as Uint8Array),
        pem: row.pem as string,
        ...(found.get(row.id) ?? { liveLeaves: 0 }),
      })),
  }
}

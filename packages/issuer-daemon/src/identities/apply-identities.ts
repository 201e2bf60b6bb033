import { setImmediate as nextTurn } from 'node:timers/promises'
import { MayflyError, type ProfileName } from '@mayfly/ca-core'
import type { AdminRights } from '../admin/admin-rights.ts'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import { afterRefusal } from '../issuing/change-refusal.ts'
import { type Decided, decideAgain } from '../issuing/decide-again.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { ChangePart } from '../store/change.ts'
import type { IdentityRecord } from '../store/identity-record.ts'
import {
  type ApplyPlan,
  type DeclaredIdentity,
  type IdentityChange,
  isPrunable,
  planApply,
  type StoredIdentities,
} from './plan-apply.ts'
import { newIdentity } from './plan-identity.ts'

/** Identities read from the store at once; requests come in between. */
const readAtOnce = 1_000

/** Names of one kind that an answer lists; there are counts for more. */
const listedNamesMax = 1_000

export interface ApplyIdentitiesOrder {
  readonly identities: readonly {
    readonly name: string
    readonly profile: ProfileName
    readonly names: readonly string[]
  }[]
  /** Suspends identities that are not among them. */
  readonly prune: boolean
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean
}

/** What was done, or with `dryRun` what would be. */
export interface AppliedIdentities {
  readonly applied: boolean
  readonly added: readonly ({ readonly name: string } & DeclaredIdentity)[]
  readonly changed: readonly {
    readonly name: string
    readonly from: DeclaredIdentity
    readonly to: DeclaredIdentity
  }[]
  /** Not declared, and suspended for it. */
  readonly pruned: readonly string[]
  readonly unchanged: number
  /** Declared, and still suspended: `mayfly identity resume` is for a person who knows why. */
  readonly suspended: readonly string[]
  /** Not declared, and left as they are; the first thousand. */
  readonly left: readonly string[]
  readonly leftCount: number
}

/**
 * Makes the identities what was declared, all in one transaction or nothing.
 *
 * @throws MayflyError `name-invalid`, `profile-violation`, `names-not-allowed`, `identity-exists` (one twice, or the issuer's own), `forbidden`,
 * `overloaded`, `store-unavailable`
 */
export async function applyIdentities(
  { identities, prune, dryRun }: ApplyIdentitiesOrder,
  attempt: AuditAttempt,
  ports: IssuerPorts,
  rights: AdminRights,
): Promise<AppliedIdentities> {
  const setting = { trustDomain: ports.bundle().bundle.trustDomain, now: ports.clock.now() }
  const declared = identities.map((identity) => newIdentity(identity, setting))
  requireUnique(declared.map(({ name }) => name))
  if (dryRun) attempt.learn({ details: { dryRun } })
  const names = new Set(declared.map(({ name }) => name))
  return decideAgain(ports.clock, async () => {
    const stored = await readStored(names, { prune, rights }, ports.store)
    const plan = planApply({ declared, rights }, stored, ports.clock.now())
    const view = { ...viewPlan(plan, !dryRun), left: stored.left, leftCount: stored.leftCount }
    if (dryRun) return { settled: true, result: view }
    return carryOut(plan, view, attempt, ports)
  })
}

function requireUnique(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) throw new MayflyError('identity-exists', `The identity ${name} is declared twice.`)
    seen.add(name)
  }
}

interface Stored extends StoredIdentities, Pick<AppliedIdentities, 'left' | 'leftCount'> {}

/** Goes through the whole store, and keeps no more of it than what is about to change. */
async function readStored(
  declared: ReadonlySet<string>,
  { prune, rights }: { readonly prune: boolean; readonly rights: AdminRights },
  store: IssuerPorts['store'],
): Promise<Stored> {
  const existing = new Map<string, IdentityRecord>()
  const pruned: IdentityRecord[] = []
  const left: string[] = []
  let leftCount = 0
  for (let afterName = ''; ; await nextTurn()) {
    const page = await store.identities({ afterName, limit: readAtOnce })
    for (const identity of page) {
      if (declared.has(identity.name)) existing.set(identity.name, identity)
      else if (!isPrunable(identity, rights)) continue
      else if (prune) pruned.push(identity)
      else if (leftCount++ < listedNamesMax) left.push(identity.name)
    }
    const last = page.at(-1)
    if (last === undefined || page.length < readAtOnce) return { existing, pruned, left, leftCount }
    afterName = last.name
  }
}

async function carryOut(
  { changes }: ApplyPlan,
  view: AppliedIdentities,
  attempt: AuditAttempt,
  { store, clock, trace }: IssuerPorts,
): Promise<Decided<AppliedIdentities>> {
  const at = clock.now()
  const { added, changed, pruned } = view
  const parts: ChangePart[] = changes.flatMap((change) => [
    partOf(change),
    attempt.ending(at, {
      outcome: 'done',
      identity: change.identity.name,
      reason: change.do,
      ...(change.do !== 'suspend' && {
        details: { names: (change.do === 'add' ? change.identity : change.next).names },
      }),
    }),
  ])
  const details = { added: added.length, changed: changed.length, pruned: pruned.length }
  parts.push(attempt.ending(at, { outcome: 'done', details }))
  const [outcome] = await store.commit([{ at, parts }])
  if (outcome?.done === false) return afterRefusal(outcome.refused)
  attempt.concluded()
  for (const name of pruned) trace.step('identity.suspended', { identity: name, because: 'operator' })
  return { settled: true, result: view }
}

function partOf(change: IdentityChange): ChangePart {
  return change.do === 'add'
    ? { do: 'add-identity', identity: change.identity }
    : { do: 'move-identity', next: change.next }
}

function viewPlan(
  { changes, unchanged, suspended }: ApplyPlan,
  applied: boolean,
): Omit<AppliedIdentities, 'left' | 'leftCount'> {
  return {
    applied,
    added: changes.flatMap((change) =>
      change.do === 'add' ? [{ name: change.identity.name, ...declarationOf(change.identity) }] : [],
    ),
    changed: changes.flatMap((change) =>
      change.do === 'change'
        ? [
            {
              name: change.identity.name,
              from: declarationOf(change.identity),
              to: declarationOf(change.next),
            },
          ]
        : [],
    ),
    pruned: changes.flatMap((change) => (change.do === 'suspend' ? [change.identity.name] : [])),
    unchanged,
    suspended,
  }
}

function declarationOf({ profile, names }: DeclaredIdentity): DeclaredIdentity {
  return { profile, names }
}

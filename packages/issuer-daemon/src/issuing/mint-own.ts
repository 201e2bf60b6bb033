import { formatName, MayflyError, type Name, type PublicKey } from '@mayfly/ca-core'
import type { AuditRecord } from '../audit/audit-record.ts'
import { reservedIdentityNames } from '../identities/plan-identity.ts'
import type { IdentityRecord } from '../store/identity-record.ts'
import { afterRefusal } from './change-refusal.ts'
import { type Decided, decideAgain } from './decide-again.ts'
import { issueOne } from './issue-one.ts'
import { issuedAnswer, type MintedCertificate } from './issued-answer.ts'
import type { IssuerPorts, OwnLeaf } from './issuer-ports.ts'

export interface OwnLeafOrder {
  /** One of `reservedIdentityNames`. */
  readonly name: string
  readonly names: readonly Name[]
  readonly publicKey: PublicKey
}

/**
 * A certificate for a key of the issuer's own, on the same way as every other: intend, sign, record.
 *
 * @throws MayflyError as `mint`
 */
export async function mintOwn(order: OwnLeafOrder, ports: IssuerPorts): Promise<OwnLeaf> {
  if (!reservedIdentityNames.includes(order.name))
    throw new TypeError(`${order.name} is no identity of the issuer`)
  const minted = await decideAgain(ports.clock, () => mintOnce(order, ports))
  const answer = issuedAnswer(minted, ports.bundle().bundle.sequence)
  return { answer, renewAt: minted.renewAt, notAfter: minted.notAfter }
}

async function mintOnce(order: OwnLeafOrder, ports: IssuerPorts): Promise<Decided<MintedCertificate>> {
  const { store, clock } = ports
  const identity = await store.identity({ name: order.name })
  if (identity === undefined) return addOwn(order, ports)
  const lineage = identity.lineagesBegun + 1
  const next: IdentityRecord = { ...identity, names: order.names.map(formatName), lineagesBegun: lineage }
  const recordOf = (outcome: AuditRecord['outcome'], serial: string): AuditRecord => ({
    at: clock.now(),
    requestId: `own-${serial}`,
    action: 'mint-own',
    actor: { kind: 'issuer' },
    identity: order.name,
    outcome,
    serial,
  })
  return issueOne(
    {
      identity: next,
      publicKey: order.publicKey,
      lineage,
      generation: 1,
      parentGeneration: 0,
      beginning: () => [{ do: 'move-identity', next }],
      ending: ({ serial }) => [{ do: 'append-audit', record: recordOf('issued', serial) }],
    },
    ports,
  )
}

async function addOwn({ name, names }: OwnLeafOrder, { store, clock }: IssuerPorts): Promise<Decided<never>> {
  const at = clock.now()
  const identity = { name, profile: 'server', names: names.map(formatName), createdAt: at } as const
  const [outcome] = await store.commit([{ at, parts: [{ do: 'add-identity', identity }] }])
  if (outcome === undefined) throw new MayflyError('internal', 'The store gave no outcome.')
  return outcome.done ? { settled: false, because: 'overtaken' } : afterRefusal(outcome.refused)
}

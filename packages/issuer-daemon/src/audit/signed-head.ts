import {
  type AuditHead,
  type Certificate,
  type FlattenedJws,
  type IssuerAnswer,
  signAuditHead,
  verifyAuditHead,
} from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { ChangePart } from '../store/change.ts'
import { contradictionOf, raiseHistoryAlarm } from './history-alarm.ts'

/** Where the store keeps the newest signed head. */
const noteName = 'audit.head'

type HeadPorts = Pick<IssuerPorts, 'store' | 'clock' | 'trace' | 'authority' | 'bundle'>

/** The newest end of the history that the authority has signed: what hosts are given to keep. */
export interface SignedHead {
  /** `undefined` before the first was signed. */
  current(): FlattenedJws | undefined
  /** The answer, with the head. */
  handOut<Answer extends IssuerAnswer>(answer: Answer): Answer
  /** Takes up what was signed before this start. */
  load(): Promise<void>
  /**
   * Signs the end as it is now, unless that was done; an alarm stays where the history does not have the end any more that
   * was signed before. Throws `authority-missing` and what the store throws.
   */
  sign(): Promise<SignedEnd | undefined>
}

/**
 * A head that nobody has yet: it is given to the store first, as after a crash the history must not look shorter than
 * what was handed out.
 */
export interface SignedEnd {
  readonly part: ChangePart
  /** To be called when the part is on disk: from then on it is handed out. */
  kept(): void
}

/** A head that this process has signed, and by which authority's key: it need not be verified. */
interface OwnHead {
  readonly jws: FlattenedJws
  readonly certificate: Certificate
  readonly head: AuditHead
}

export function createSignedHead(ports: HeadPorts): SignedHead {
  const { store } = ports
  let current: FlattenedJws | undefined
  let latest: OwnHead | undefined
  /** The current one, where the authority at hand has signed it. One that was kept in the store counts only with the signature. */
  const ownHead = (): AuditHead | undefined => {
    if (current === undefined) return undefined
    const { certificate } = ports.authority().authority
    const isKnown = latest?.jws === current && latest.certificate === certificate
    return isKnown ? latest?.head : verifyAuditHead(current, certificate)
  }
  return {
    current: () => current,
    handOut: (answer) => (current === undefined ? answer : { ...answer, auditHead: current }),
    async load() {
      const text = await store.note(noteName)
      if (text !== undefined) current = JSON.parse(text) as FlattenedJws
    },
    async sign() {
      const before = ownHead()
      if (before !== undefined) await lookBack(before, ports)
      const next = await sign(before, ports)
      if (next === undefined) return undefined
      return {
        part: { do: 'set-note', name: noteName, text: JSON.stringify(next.jws) },
        kept() {
          latest = next
          current = next.jws
        },
      }
    },
  }
}

/** What was signed last must be in the history still: otherwise this very signature would cover what was altered. */
async function lookBack(head: AuditHead, ports: HeadPorts): Promise<void> {
  const because = await contradictionOf(head, ports)
  if (because === undefined) return
  const record = { requestId: `head-${ports.clock.now()}` }
  await raiseHistoryAlarm(because, head, { name: 'the issuer', record }, ports)
}

async function sign(
  before: AuditHead | undefined,
  { store, clock, authority, bundle }: HeadPorts,
): Promise<OwnHead | undefined> {
  const end = await store.auditEnd()
  const signing = authority().authority
  const hash = Buffer.from(end.hash).toString('hex')
  const isSigned = before?.number === end.number && before.hash === hash
  if (end.number === 0 || isSigned) return undefined
  const { trustDomain } = bundle().bundle
  const head = { number: end.number, hash, at: Math.floor(clock.now()), trustDomain }
  return { jws: await signAuditHead(head, signing), certificate: signing.certificate, head }
}

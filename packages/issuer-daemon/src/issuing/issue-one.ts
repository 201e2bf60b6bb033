import { afterRefusal } from './change-refusal.ts'
import type { Decided } from './decide-again.ts'
import type { MintedCertificate } from './issued-answer.ts'
import type { IssuerPorts } from './issuer-ports.ts'
import { type MintOrder, mint } from './mint.ts'

/** Mints one certificate, or tells what to do instead. Requests that come at once share transactions in the store. */
export async function issueOne(order: MintOrder, ports: IssuerPorts): Promise<Decided<MintedCertificate>> {
  const [result] = await mint([order], ports)
  if (result === undefined) throw new TypeError('an order had no result')
  if (result.done) return { settled: true, result: result.certificate }
  if ('error' in result) throw result.error
  return afterRefusal(result.refused)
}

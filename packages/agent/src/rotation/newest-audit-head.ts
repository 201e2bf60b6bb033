import { type Certificate, type FlattenedJws, readAuditHead, verifyAuditHead } from '@mayfly/ca-core'

/**
 * The end of the issuer's history to keep: the one with the larger number. A smaller one is no reason to let go
 * of what is held: that would help whoever shortened the history.
 *
 * @param authorities the intermediates that this host holds certificates from
 */
export function newestAuditHead(
  held: FlattenedJws | undefined,
  given: FlattenedJws | undefined,
  authorities: readonly Certificate[],
): FlattenedJws | undefined {
  if (given === undefined) return held
  const head = authorities
    .map((certificate) => verifyAuditHead(given, certificate))
    .find((verified) => verified !== undefined)
  if (head === undefined) return held
  const before = held && readAuditHead(held)?.head
  return before === undefined || head.number > before.number ? given : held
}

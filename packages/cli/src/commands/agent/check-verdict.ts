import type { Finding } from '@mayfly/agent'

/** Whether a rotation will work, in a sentence that tells what keeps it from that apart from what can wait. */
export function checkVerdict(findings: readonly Finding[]): string {
  const failures = findings.filter(({ result }) => result === 'failed').length
  const warnings = findings.filter(({ result }) => result === 'warning').length
  if (failures === 0) {
    if (warnings === 0) return 'A rotation will work.'
    return `A rotation will work; ${counted(warnings, 'warning')} should be heeded all the same.`
  }
  const beside = warnings === 0 ? '' : `, and ${counted(warnings, 'warning')}`
  return `A rotation would fail: ${counted(failures, 'failure')} to mend${beside}.`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

import type { ErrorCode } from '@mayfly/ca-core'

/** What to do at the host about a thing that a running agent tries again by itself. */
const whileTrying: Partial<Record<ErrorCode, string>> = {
  'transport-failed': 'See whether the issuer runs and whether this host reaches it.',
  'answer-invalid': 'The old certificate stays. Look at the issuer.',
  'prove-failed': 'The old certificate stays. Look at the issuer and the trust bundle.',
  'certificate-expired': 'The old certificate stays. Compare the clocks of this host and the issuer.',
  'rate-limited': 'See who asks so often.',
  overloaded: 'Look at the issuer.',
  internal: 'See the logs of the agent and of the issuer.',
  'store-unavailable': 'Look at the disk and the store of the issuer.',
  'hsm-unavailable': 'Look at the HSM of the issuer.',
  'authority-tainted': 'Have the root sign another intermediate, and install it at the issuer.',
  'authority-expired': 'Install a new intermediate at the issuer.',
  'authority-missing': 'Install an intermediate at the issuer.',
  'check-failed': 'Mend the configuration of the server.',
  'reload-failed': 'See whether the server runs and whether the agent may reload it.',
  'probe-failed': 'See the log of the server.',
  'disk-full': 'Make room.',
  'permission-denied': 'Give the agent that right.',
  'file-unwritable': 'Make the folder writable.',
  'file-missing': 'Put it back, or correct agent.yaml.',
  'file-unreadable': 'See whether its disk is at fault, and put it back.',
  'request-other-url': "Correct `issuers` in agent.yaml to the issuer's own URL, or the proxy in between.",
  'request-invalid':
    'See whether a proxy in between changes what it passes on, and whether the versions of agent and issuer differ.',
  'lint-failed': 'Look at the issuer, which has an alarm of its own.',
  'profile-violation': 'Look at the issuer, which has an alarm of its own.',
}

/** What to do at the host, where the error's own sentence does not say. */
export const remedies: Partial<Record<ErrorCode, string>> = {
  ...whileTrying,
  'identity-suspended': 'Find out why it was suspended; then run `mayfly identity resume` at the issuer.',
  'lineage-conflict':
    'Two hosts use one identity: find the copy, then run `mayfly identity resume` at the issuer and enrol each host with a token of its own.',
  'lineage-expired':
    'Enrol again: `mayfly token create` at the issuer, then `mayfly agent enroll TOKEN` here.',
  'lineage-ended': 'Another enrolment replaced this one. If it was not meant, enrol this host again.',
  'lineage-unknown':
    'If the issuer was restored from a backup, restore its newest store. Otherwise enrol again: `mayfly token create` at the issuer, then `mayfly agent enroll TOKEN` here.',
  'identity-unknown': 'Add the identity at the issuer, or enrol this host under another.',
  'quota-exceeded': 'See why the host renews so often; the quota is set at the issuer.',
  'bundle-older':
    'The issuer serves an older trust bundle than it did; see whether it was restored from a backup.',
  'bundle-untrusted':
    'No root that this host trusts has signed the new trust bundle. Make sure of it, then enrol again.',
  'bundle-invalid': 'Look at the trust bundle that the issuer serves.',
  'store-invalid': 'The store of the issuer is damaged: restore a backup there.',
  'request-stale': 'Compare the clocks of this host and the issuer.',
}

/** `message` of a running agent, with what to do, and whether the agent goes on meanwhile. */
export function withRemedy(code: ErrorCode, message: string): string {
  const remedy = withAdvice(code, message)
  return code in whileTrying ? `${remedy.slice(0, -1)}; the agent goes on trying.` : remedy
}

/** `message`, with what to do. Of an agent, which may not even run, it says nothing. */
export function withAdvice(code: ErrorCode, message: string): string {
  const remedy = remedies[code]
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`
  return remedy === undefined ? sentence : `${sentence} ${remedy}`
}

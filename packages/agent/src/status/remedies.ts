import type { ErrorCode } from '@mayfly/ca-core'

/** What to do at the host, where the error's own sentence does not say. */
export const remedies: Partial<Record<ErrorCode, string>> = {
  'transport-failed':
    'See whether the issuer runs and whether this host reaches it; the agent goes on trying.',
  'answer-invalid': 'The old certificate stays. Look at the issuer; the agent goes on trying.',
  'prove-failed':
    'The old certificate stays. Look at the issuer and the trust bundle; the agent goes on trying.',
  'certificate-expired':
    'The old certificate stays. Compare the clocks of this host and the issuer; the agent goes on trying.',
  'rate-limited': 'See who asks so often; the agent goes on trying.',
  overloaded: 'Look at the issuer; the agent goes on trying.',
  internal: 'See the logs of the agent and of the issuer; the agent goes on trying.',
  'store-unavailable': 'Look at the disk and the store of the issuer; the agent goes on trying.',
  'hsm-unavailable': 'Look at the HSM of the issuer; the agent goes on trying.',
  'authority-tainted':
    'Have the root sign another intermediate, and install it at the issuer; the agent goes on trying.',
  'authority-expired': 'Install a new intermediate at the issuer; the agent goes on trying.',
  'authority-missing': 'Install an intermediate at the issuer; the agent goes on trying.',
  'check-failed': 'Mend the configuration of the server; the agent goes on trying.',
  'reload-failed':
    'See whether the server runs and whether the agent may reload it; the agent goes on trying.',
  'probe-failed': 'See the log of the server; the agent goes on trying.',
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
  'disk-full': 'Make room; the agent goes on trying.',
  'permission-denied': 'Give the agent that right; it goes on trying.',
  'file-unwritable': 'Make the folder writable; the agent goes on trying.',
  'file-missing': 'Put it back, or correct agent.yaml; the agent goes on trying.',
  'file-unreadable': 'See whether its disk is at fault, and put it back; the agent goes on trying.',
  'request-other-url':
    "Correct `issuers` in agent.yaml to the issuer's own URL, or the proxy in between; the agent goes on trying.",
  'request-invalid':
    'See whether a proxy in between changes what it passes on, and whether the versions of agent and issuer differ; the agent goes on trying.',
  'lint-failed': 'Look at the issuer, which has an alarm of its own; the agent goes on trying.',
  'profile-violation': 'Look at the issuer, which has an alarm of its own; the agent goes on trying.',
  'store-invalid': 'The store of the issuer is damaged: restore a backup there.',
  'request-stale': 'Compare the clocks of this host and the issuer.',
}

/** `message`, with what to do. */
export function withRemedy(code: ErrorCode, message: string): string {
  const remedy = remedies[code]
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`
  return remedy === undefined ? sentence : `${sentence} ${remedy}`
}

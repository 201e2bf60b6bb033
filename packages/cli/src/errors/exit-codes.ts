import type { ErrorCode } from '@mayfly/ca-core'

/** What each exit code says. The numbers are stable: scripts and monitoring depend on them. */
export const exitCodeMeanings = {
  0: 'It was done.',
  1: 'Something inside Mayfly went wrong.',
  2: 'The command was not understood.',
  3: 'The configuration or the saved state of this machine is wrong.',
  4: 'A file is missing, exists already, or cannot be read or written.',
  5: 'The input is broken or not allowed.',
  6: 'The input is not to be trusted.',
  7: 'The passphrase is wrong.',
  8: 'The issuer refused.',
  9: 'Not now: the issuer cannot be reached, is busy, or is being used by another process.',
  10: 'Another program on this host failed, or does not serve what it should.',
  11: 'A dry run found something to do (mayfly identity apply --dry-run).',
  12: 'The HSM refuses the PIN. Nothing tries it again: a token is locked after a few wrong ones.',
  130: 'The operator said no, or stopped it.',
  141: 'Whoever read the output has closed it, as head does.',
} as const

export type ExitCode = keyof typeof exitCodeMeanings

/** No error stands behind it: what is declared and what there is differ. */
export const dryRunExitCode: ExitCode = 11

/** What a shell says of a program that Ctrl-C has ended. */
export const stoppedExitCode: ExitCode = 130

/** What a shell says of a program that SIGPIPE has ended. */
export const outputClosedExitCode: ExitCode = 141

/** The exit code of each error. Written out in full, so that a new code can't be forgotten. */
export const exitCodes = {
  'der-invalid': 5,
  'pem-invalid': 5,
  'key-invalid': 5,
  'key-weak': 5,
  'key-type-unsupported': 5,
  'key-mismatch': 6,
  'key-reused': 5,
  'passphrase-wrong': 7,

  'name-invalid': 5,
  'names-not-allowed': 5,
  'csr-invalid': 5,
  'proof-of-possession-failed': 6,
  'certificate-invalid': 5,
  'certificate-expired': 6,
  'profile-violation': 5,
  'lint-failed': 5,
  'chain-untrusted': 6,
  'name-mismatch': 6,
  'fingerprint-mismatch': 6,

  'bundle-invalid': 5,
  'bundle-untrusted': 6,
  'bundle-older': 6,

  'token-invalid': 8,
  'token-expired': 8,
  'token-used': 8,
  'token-revoked': 8,
  'token-unknown': 8,
  'token-other-issuer': 8,

  'request-invalid': 8,
  'request-unauthenticated': 8,
  'request-signature-invalid': 8,
  'request-stale': 8,
  'request-replayed': 8,
  'request-other-url': 8,
  'lineage-unknown': 8,
  'lineage-expired': 8,
  'lineage-ended': 8,
  'lineage-conflict': 8,
  'identity-suspended': 8,
  'identity-unknown': 8,
  'identity-exists': 8,

  'rate-limited': 9,
  'quota-exceeded': 8,
  overloaded: 9,
  'body-too-large': 8,
  'media-type-unsupported': 8,
  'method-not-allowed': 8,
  'not-found': 8,
  'not-minted': 9,
  forbidden: 8,
  'store-unavailable': 9,
  'store-invalid': 3,
  'authority-missing': 9,
  'authority-expired': 6,
  'authority-tainted': 9,
  'hsm-unavailable': 9,
  'hsm-pin-wrong': 12,
  'clock-wrong': 9,
  'already-running': 9,
  stopping: 9,
  internal: 1,

  usage: 2,
  cancelled: 130,
  'config-invalid': 3,
  'state-invalid': 3,
  'file-missing': 4,
  'file-exists': 4,
  'file-unreadable': 4,
  'file-unwritable': 4,
  'folder-unsafe': 4,
  'permission-denied': 4,
  'disk-full': 4,
  'command-failed': 10,

  'transport-failed': 9,
  'answer-invalid': 6,
  'prove-failed': 6,
  'check-failed': 10,
  'reload-failed': 10,
  'rotation-unfinished': 10,
  'probe-failed': 10,
} as const satisfies Record<ErrorCode, ExitCode>

/** The table as text, for `mayfly help exit-codes`. */
export function describeExitCodes(): string {
  const numbers = Object.keys(exitCodeMeanings).map(Number) as ExitCode[]
  const rows = numbers.flatMap((number) => [
    `${String(number).padStart(4)}  ${exitCodeMeanings[number]}`,
    ...codesOf(number),
  ])
  return [
    'Exit codes of mayfly, and the error codes behind each:',
    '',
    ...rows,
    '',
    ...monitoringNote,
    '',
  ].join('\n')
}

const monitoringNote = [
  '`mayfly agent status` and `mayfly issuer status` answer as monitoring plug-ins do:',
  '   0  all is well    1  look at it today    2  look at it now    3  unknown',
]

/** Long enough for a terminal of 80 columns. */
const rowCharactersMax = 72

function codesOf(number: ExitCode): string[] {
  const codes = Object.entries(exitCodes).flatMap(([code, exit]) => (exit === number ? [code] : []))
  const rows: string[] = []
  for (const code of codes) {
    const last = rows.at(-1)
    if (last === undefined || last.length + code.length + 2 > rowCharactersMax) rows.push(code)
    else rows[rows.length - 1] = `${last} ${code}`
  }
  return rows.map((row) => `      ${row}`)
}

import { errorCatalogue, errorCodes, type RetryAdvice } from '../../packages/ca-core/src/index.ts'
import { exitCodeMeanings, exitCodes } from '../../packages/cli/src/errors/exit-codes.ts'
import { errorStatus } from '../../packages/issuer-daemon/src/api/error-status.ts'
import { table } from './table.ts'

/** `docs/errors.md`, from the catalogue and the two maps that belong to it. */
export function errorsPage(): string {
  return `# Errors

<!-- Made from the code by \`npm run docs\`; a test fails when it is not current. -->

Every error of Mayfly has a code that stays the same: in the problem documents of the HTTPS API, in the
output of \`--json\`, in the logs and in the audit records.

${table(
  ['code', 'what it says', 'HTTP', 'exit', 'trying again'],
  errorCodes.map((code) => [
    `\`${code}\``,
    errorCatalogue[code].title,
    String(errorStatus[code]),
    String(exitCodes[code]),
    adviceText(errorCatalogue[code].retry),
  ]),
)}

An answer of the issuer may name another time to wait in \`Retry-After\`; that one counts.

## Exit codes

${table(
  ['exit', 'what it says'],
  Object.entries(exitCodeMeanings).map(([code, meaning]) => [code, meaning]),
)}
`
}

function adviceText(retry: RetryAdvice): string {
  if (retry === 'never') return 'does not help'
  if (retry === 'backoff') return 'later, with growing pauses'
  return `after ${retry.afterSeconds} s`
}

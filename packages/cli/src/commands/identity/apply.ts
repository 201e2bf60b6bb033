import { MayflyError } from '@mayfly/ca-core'
import type { AppliedIdentities } from '@mayfly/issuer-daemon'
import { identitiesFileBytesMax, readIdentitiesFile } from '@mayfly/issuer-daemon/administration'
import { dryRunExitCode } from '../../errors/exit-codes.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, heading } from '../../terminal/answer.ts'
import { printable } from '../../terminal/printable.ts'
import { readStandardInput } from '../../terminal/read-standard-input.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import type { identityApplyJson } from './identity-json.ts'

export interface IdentityApplyOptions extends AdminOptions {
  readonly file: string
  readonly dryRun?: boolean
  readonly prune?: boolean
  readonly json?: boolean
}

/** Lines of one kind for a person; all are in `--json`. */
const shownMax = 100

/** `mayfly identity apply` */
export async function identityApply(
  options: IdentityApplyOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof identityApplyJson>>> {
  const { dryRun = false, prune = false } = options
  const { reader, file } = sourceOf(options.file, session)
  const identities = await readIdentitiesFile(reader, file)
  if (prune && identities.length === 0) throw prunesAll(file)
  const admin = await openAdmin(options, session)
  const result = await admin.applyIdentities({ identities, prune, dryRun })
  const differs = result.added.length + result.changed.length + result.pruned.length > 0
  return {
    json: result,
    lines: describe(result, differs),
    exitCode: dryRun && differs ? dryRunExitCode : 0,
  }
}

/** Where the declarations are read from, and what it is called in a message. */
function sourceOf(file: string, { fileSystem }: Session) {
  if (file !== '-') return { reader: fileSystem, file }
  const reader = { readFile: () => readStandardInput(identitiesFileBytesMax) }
  return { reader, file: 'standard input' }
}

/** An empty list is what a generator that failed leaves behind, and would take the certificates of a whole fleet away. */
function prunesAll(file: string): MayflyError {
  return new MayflyError(
    'config-invalid',
    `${file} declares no identity, and --prune would suspend every one. Nothing was done; \`mayfly identity suspend\` suspends one.`,
  )
}

type Declaration = AppliedIdentities['changed'][number]['from']

function describe(result: AppliedIdentities, differs: boolean): string[] {
  const { applied, added, changed, pruned, unchanged, suspended, left, leftCount } = result
  const [add, change, suspend] = [added.length, changed.length, pruned.length]
  const done = `Applied: ${add} added, ${change} changed, ${suspend} suspended`
  const planned = `Would be done: ${add} to add, ${change} to change, ${suspend} to suspend`
  return [
    heading(differs ? `${applied ? done : planned}, ${unchanged} as declared` : 'All is as declared.'),
    ...shown(added, (identity) => [`+ ${identity.name}: ${wordsOf(identity)}`]),
    ...shown(changed, ({ name, from, to }) => [`~ ${name}: ${wordsOf(from)}`, `  -> ${wordsOf(to)}`]),
    ...shown(pruned, (name) => [`- ${name}: suspended, for it is not declared`]),
    ...shown(suspended, (name) => [
      `! ${name}: declared, and still suspended (mayfly identity resume ${name})`,
    ]),
    ...(leftCount === 0 ? [] : [`  ${leftCount} not declared, and left; --prune suspends them:`]),
    ...shown(left, (name) => [`  = ${name}`], leftCount),
  ]
}

function shown<Item>(
  items: readonly Item[],
  linesOf: (item: Item) => readonly string[],
  count: number = items.length,
): string[] {
  const lines = items.slice(0, shownMax).flatMap(linesOf).map(printable)
  return count > shownMax ? [...lines, `  … and ${count - shownMax} more`] : lines
}

function wordsOf({ profile, names }: Declaration): string {
  return `${profile} ${names.join(' ')}`
}

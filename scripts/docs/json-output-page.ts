import { jsonLines, jsonOutputSchemas } from '../../packages/cli/src/json/json-outputs.ts'
import type { Schema } from './json-schema.ts'
import { table } from './table.ts'

/** `docs/json-output.md`: what each command prints with `--json`, from the schemas that its tests hold it against. */
export function jsonOutputPage(): string {
  return `# What \`--json\` prints

<!-- Made from the code by \`npm run docs\`; a test fails when it is not current. -->

One JSON value on standard output, in one line. \`${jsonLines.join('` and `')}\` print one in each line. Fields stay
as they are within a major version; new ones may come, so leave aside what you do not know. Times are RFC 3339 in
UTC, serials and hashes lower hex.

An error goes to standard error, and nothing to standard output:
\`{"error":{"code":…,"message":…,"details":{…},"exitCode":…}}\`, with the [code](errors.md) and the exit code.

${jsonOutputSchemas().map(section).join('\n\n')}
`
}

function section({ commands, schema }: ReturnType<typeof jsonOutputSchemas>[number]): string {
  const whole: Schema = schema
  const parts = whole.anyOf ?? [whole]
  const tables = parts.map((part) => {
    const title = part.description === undefined ? '' : `${part.description}\n\n`
    return title + table(['field', 'value', 'what'], [...rows(part, '')])
  })
  return [`## ${commands.map((command) => `\`mayfly ${command}\``).join(', ')}`, ...tables].join('\n\n')
}

function* rows(schema: Schema, path: string): Generator<string[]> {
  for (const [name, value] of Object.entries(schema.properties ?? {})) {
    const isSure = schema.required?.includes(name) ?? false
    const own = path === '' ? name : `${path}.${name}`
    yield [`\`${own}\``, `${valueText(value)}${isSure ? '' : ', or absent'}`, value.description ?? '']
    yield* innerRows(value, own)
  }
}

function* innerRows(schema: Schema, path: string): Generator<string[]> {
  yield* rows(schema, path)
  if (schema.items !== undefined) yield* innerRows(schema.items, `${path}[]`)
  for (const choice of choicesOf(schema)) {
    if (choice.properties === undefined) continue
    yield [`\`${path}\`, ${whichOf(choice)}`, 'object', choice.description ?? '']
    const { properties, ...rest } = choice
    const others = Object.entries(properties).filter(([, value]) => value.const === undefined)
    yield* rows({ ...rest, properties: Object.fromEntries(others) }, path)
  }
}

function choicesOf({ anyOf, oneOf }: Schema): readonly Schema[] {
  return anyOf ?? oneOf ?? []
}

/** What tells one of several objects from the others. */
function whichOf({ properties = {} }: Schema): string {
  return Object.entries(properties)
    .flatMap(([name, value]) => (value.const === undefined ? [] : [`\`${name}\` \`${String(value.const)}\``]))
    .join(', ')
}

function valueText(schema: Schema): string {
  const { title, type, format, enum: choices, const: only, items } = schema
  if (title !== undefined) return title
  if (only !== undefined) return `\`${String(only)}\``
  if (choices !== undefined) return choices.map((choice) => `\`${String(choice)}\``).join(', ')
  if (items !== undefined) return `list of ${plural(items)}`
  const alternatives = choicesOf(schema)
  if (alternatives.length > 0) return [...new Set(alternatives.map(valueText))].join(' or ')
  if (format === 'date-time') return 'time'
  return type === undefined ? 'anything' : String(type).replace('string', 'text')
}

function plural(items: Schema): string {
  const one = valueText(items)
  return one === 'text' ? 'texts' : one === 'object' ? 'objects' : one
}

import { agentJsonSchema } from '../../packages/agent/src/configuration/agent-configuration.ts'
import { issuerJsonSchema } from '../../packages/issuer-daemon/src/configuration/json-schema.ts'
import type { Schema } from './json-schema.ts'
import { table } from './table.ts'

/** `docs/configuration.md`: every key of both files, from the schemas that check them. */
export function configurationPage(): string {
  return `# Configuration

<!-- Made from the code by \`npm run docs\`; a test fails when it is not current. -->

Both daemons read one YAML file. Unknown keys and bad values are refused at the start, each with file, line,
column, key and reason. Durations are written as \`15s\`, \`5m\`, \`24h\`, \`90d\` or \`1h30m\`, paths are absolute.

## The issuer: \`issuer.yaml\`

For editors: \`packages/issuer-daemon/issuer.schema.json\` (JSON Schema 2020-12), with
\`# yaml-language-server: $schema=…\` in the first line of the file. The least that is needed:

\`\`\`yaml
url: https://ca.example.internal:8443
listen: 0.0.0.0:8443
state: /var/lib/mayfly-issuer
trustDomain: example.internal
passphrase:
  credential: passphrase
\`\`\`

${keyTable(issuerJsonSchema())}

Beyond single keys: \`issuing.cycle\` is at most half of \`issuing.lifetime\`; \`sweep.cron\` runs at least once in
each \`issuing.cycle\`; \`issuing.dailyQuota\` covers what the cycle needs; \`passphrase\` and
\`hsm.pin\` have exactly one source each; a
database on another machine needs \`database.ca\`, or \`database.tls: disable\`; metrics have their own port.

A change of the file, or SIGHUP, reloads \`issuing\`, \`sweep\`, \`limits\`, \`tls\`, \`audit\`, \`log\` and what delegates
may, and the intermediate and bundle that were installed meanwhile. The other keys need a restart. A mistake is logged
with its line, and the issuer goes on as it was.

## The agent: \`agent.yaml\`

For editors: \`packages/agent/agent.schema.json\`.

An enrolment writes it: \`mayfly agent enroll TOKEN --preset nginx\`. The keys of \`reload\` are those of the
preset; \`signal\`, \`command\` and \`unit\` need no \`preset\` beside them. What it may look like:

\`\`\`yaml
certificates:
  web:
    reload:
      preset: nginx
    probe:
      - connect: 127.0.0.1:443
        serverName: web-1.example
\`\`\`

${keyTable(agentJsonSchema() as Schema)}

A change of the file, or SIGHUP, is followed at once, \`log\` and \`metrics\` included; only \`state\` needs a restart. A
mistake is told with its line, also in \`mayfly agent status\`, and the configuration before stays in use.
`
}

function keyTable(schema: Schema): string {
  return table(['key', 'what', 'value', 'default'], [...rows(schema, '')])
}

function* rows(schema: Schema, path: string): Generator<string[]> {
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    const required = schema.required?.includes(key) ?? false
    yield* row(value, path === '' ? key : `${path}.${key}`, required)
  }
  if (typeof schema.additionalProperties === 'object') {
    yield* row(schema.additionalProperties, `${path}.<name>`, false)
  }
  if (schema.items?.properties !== undefined) yield* rows(schema.items, `${path}[]`)
  for (const choice of schema.anyOf ?? schema.oneOf ?? []) {
    if (choice.properties !== undefined) yield* rows(choice, path)
  }
}

function* row(schema: Schema, path: string, required: boolean): Generator<string[]> {
  yield [
    `\`${path}\``,
    schema.description ?? '',
    valueText(schema),
    required ? 'needed' : defaultText(schema),
  ]
  yield* rows(schema, path)
}

function valueText({ type, enum: choices, const: only, items, anyOf, oneOf }: Schema): string {
  if (only !== undefined) return `\`${String(only)}\``
  if (choices !== undefined) return choices.map((choice) => `\`${String(choice)}\``).join(', ')
  if (items !== undefined) return `list of ${valueText(items)}`
  const alternatives = anyOf ?? oneOf
  if (alternatives !== undefined) return [...new Set(alternatives.map(valueText))].join(' or ')
  if (type === 'object') return 'section'
  return type === undefined ? 'text' : String(type).replace('string', 'text')
}

function defaultText({ default: value, type }: Schema): string {
  if (value === undefined || type === 'object') return ''
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

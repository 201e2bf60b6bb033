import { agentJsonSchema } from '../../packages/agent/src/configuration/agent-configuration.ts'
import { openApiDocument } from '../../packages/issuer-daemon/src/api/openapi-document.ts'
import { issuerJsonSchema } from '../../packages/issuer-daemon/src/configuration/json-schema.ts'
import { identitiesJsonSchema } from '../../packages/issuer-daemon/src/identities/identities-file.ts'
import { configurationPage } from './configuration-page.ts'
import { errorsPage } from './errors-page.ts'
import { jsonOutputPage } from './json-output-page.ts'
import { schemaFile } from './schema-file.ts'

/** The files that are made from the code, by their path. */
export const pages: Readonly<Record<string, () => string>> = {
  'docs/errors.md': errorsPage,
  'docs/configuration.md': configurationPage,
  'docs/json-output.md': jsonOutputPage,
  'docs/openapi.json': () => schemaFile(openApiDocument()),
  'packages/issuer-daemon/issuer.schema.json': () => schemaFile(issuerJsonSchema()),
  'packages/issuer-daemon/identities.schema.json': () => schemaFile(identitiesJsonSchema()),
  'packages/agent/agent.schema.json': () => schemaFile(agentJsonSchema()),
}

import * as z from 'zod'
import {
  agentCheckJson,
  agentEnrollJson,
  agentHistoryJson,
  agentRenewJson,
  agentStatusJson,
} from '../commands/agent/agent-json.ts'
import { auditRecordJson, auditVerifyJson } from '../commands/audit/audit-json.ts'
import {
  identityApplyJson,
  identityJson,
  identityListJson,
  identityResumedJson,
} from '../commands/identity/identity-json.ts'
import {
  issuerAcceptClockJson,
  issuerAcceptForgottenJson,
  issuerAcknowledgeJson,
  issuerActivateJson,
  issuerBackupJson,
  issuerInitJson,
  issuerInstallJson,
  issuerRestoreJson,
  issuerStatusJson,
  issuerTaintJson,
} from '../commands/issuer/issuer-json.ts'
import { rootBundleJson, rootCreateJson, rootShowJson, rootSignJson } from '../commands/root/root-json.ts'
import { tokenCreateJson, tokenListJson, tokenRevokeJson } from '../commands/token/token-json.ts'
import { inspectJson } from '../inspecting/inspect-json.ts'

/** What each command prints with `--json`, by its words. Those of `jsonLines` print one for each line. */
export const jsonOutputs: Readonly<Record<string, z.ZodType>> = {
  'root create': rootCreateJson,
  'root sign': rootSignJson,
  'root bundle': rootBundleJson,
  'root show': rootShowJson,
  'issuer init': issuerInitJson,
  'issuer install': issuerInstallJson,
  'issuer status': issuerStatusJson,
  'issuer backup': issuerBackupJson,
  'issuer restore': issuerRestoreJson,
  'issuer taint': issuerTaintJson,
  'issuer activate': issuerActivateJson,
  'issuer accept-clock': issuerAcceptClockJson,
  'issuer accept-forgotten': issuerAcceptForgottenJson,
  'issuer acknowledge': issuerAcknowledgeJson,
  'identity add': identityJson,
  'identity apply': identityApplyJson,
  'identity list': identityListJson,
  'identity show': identityJson,
  'identity suspend': identityJson,
  'identity resume': identityResumedJson,
  'token create': tokenCreateJson,
  'token list': tokenListJson,
  'token revoke': tokenRevokeJson,
  'audit verify': auditVerifyJson,
  'audit export': auditRecordJson,
  'audit tail': auditRecordJson,
  'agent enroll': agentEnrollJson,
  'agent check': agentCheckJson,
  'agent status': agentStatusJson,
  'agent renew': agentRenewJson,
  'agent history': agentHistoryJson,
  inspect: inspectJson,
}

export const jsonLines: readonly string[] = ['audit export', 'audit tail']

/** Each schema as JSON Schema (2020-12), with the commands that print it. */
export function jsonOutputSchemas(): { readonly commands: readonly string[]; readonly schema: object }[] {
  return [...new Set(Object.values(jsonOutputs))].map((schema) => ({
    commands: Object.keys(jsonOutputs).filter((command) => jsonOutputs[command] === schema),
    schema: z.toJSONSchema(schema, { io: 'input' }),
  }))
}

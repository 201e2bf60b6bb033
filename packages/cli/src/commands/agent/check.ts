import { type CheckReport, checkAgent, type Finding, localPorts } from '@mayfly/agent'
import { freeBytes } from '@mayfly/platform'
import { exitCodes } from '../../errors/exit-codes.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, heading, table } from '../../terminal/answer.ts'
import { tellProgress } from '../progress.ts'
import type { Session } from '../session.ts'
import type { agentCheckJson } from './agent-json.ts'
import { requireAgentUser } from './agent-user.ts'
import { checkVerdict } from './check-verdict.ts'

export interface AgentCheckOptions {
  readonly config: string
  readonly names: readonly string[]
  readonly json?: boolean
}

/** `mayfly agent check` */
export async function agentCheck(
  options: AgentCheckOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof agentCheckJson>>> {
  const { config: configPath, names } = options
  await requireAgentUser(configPath, session.fileSystem)
  tellProgress(session, 'Trying everything that a rotation will need…')
  const ports = localPorts()
  try {
    const report = await checkAgent(
      { configPath, ...(names.length > 0 && { names }) },
      { ...ports, freeBytes },
    )
    return describe(report)
  } finally {
    await ports.transport.close()
  }
}

function describe({ findings, failure }: CheckReport): Answer<JsonOf<typeof agentCheckJson>> {
  const isReady = failure === undefined
  return {
    json: { isReady, findings },
    lines: [
      heading(checkVerdict(findings)),
      ...table(['CERTIFICATE', 'CHECK', 'RESULT', 'WHAT'], findings.map(rowOf)),
    ],
    exitCode: isReady ? 0 : exitCodes[failure],
  }
}

function rowOf({ certificate = '(host)', check, result, message }: Finding): string[] {
  return [certificate, check, result === 'good' ? 'good' : result.toUpperCase(), message]
}

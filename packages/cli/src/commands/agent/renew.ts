import { localPorts, type Renewal, renewNow } from '@mayfly/agent'
import { formatInstant } from '@mayfly/ca-core'
import { exitCodes } from '../../errors/exit-codes.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, table } from '../../terminal/answer.ts'
import { tellProgress } from '../progress.ts'
import { readDuration } from '../read-duration.ts'
import type { Session } from '../session.ts'
import type { agentRenewJson } from './agent-json.ts'
import { requireAgentUser } from './agent-user.ts'
import { setbackToJson } from './setback-to-json.ts'

export interface AgentRenewOptions {
  readonly config: string
  readonly names: readonly string[]
  /** It is always now. */
  readonly now?: boolean
  readonly wait?: string
  readonly json?: boolean
}

/** `mayfly agent renew` */
export async function agentRenew(
  options: AgentRenewOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof agentRenewJson>>> {
  const { config: configPath, names, wait } = options
  await requireAgentUser(configPath, session.fileSystem)
  const ports = localPorts()
  tellProgress(session, 'Waiting until the new certificates are served…')
  try {
    const renewals = await renewNow(
      {
        configPath,
        ...(names.length > 0 && { names }),
        ...(wait !== undefined && { waitSeconds: readDuration('--wait', wait) }),
      },
      ports,
    )
    return describe(renewals)
  } finally {
    await ports.transport.close()
  }
}

function describe(renewals: readonly Renewal[]): Answer<JsonOf<typeof agentRenewJson>> {
  return {
    json: { renewals: renewals.map(({ name, outcome }) => ({ name, outcome: outcomeToJson(outcome) })) },
    lines: table(
      ['CERTIFICATE', 'OUTCOME', 'DETAILS'],
      renewals.map(({ name, outcome }) => [name, outcome.is, detailsOf(outcome)]),
    ),
    exitCode: exitCodeOf(renewals),
  }
}

function exitCodeOf(renewals: readonly Renewal[]): number {
  const outcomes = renewals.map(({ outcome }) => outcome)
  const refused = outcomes.find((outcome) => outcome.is === 'refused')
  if (refused !== undefined) return exitCodes[refused.setback.code]
  return outcomes.some(({ is }) => is === 'under-way') ? exitCodes['not-minted'] : 0
}

type OutcomeJson = JsonOf<typeof agentRenewJson>['renewals'][number]['outcome']

function outcomeToJson(outcome: Renewal['outcome']): OutcomeJson {
  if (outcome.is === 'renewed') return { ...outcome, notAfter: formatInstant(outcome.notAfter) }
  if (outcome.is === 'refused') return { is: 'refused', setback: setbackToJson(outcome.setback) }
  const { is, setback } = outcome
  return { is, ...(setback && { setback: setbackToJson(setback) }) }
}

function detailsOf(outcome: Renewal['outcome']): string {
  if (outcome.is === 'renewed') {
    return `generation ${outcome.generation}, serial ${outcome.serial}, until ${formatInstant(outcome.notAfter)}`
  }
  return outcome.setback === undefined
    ? 'not served yet; the wish stands'
    : `${outcome.setback.message} (${outcome.setback.code})`
}

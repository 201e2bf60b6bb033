import { runAgent } from '@mayfly/agent'

export interface AgentRunOptions {
  readonly config: string
  readonly json?: boolean
}

/** `mayfly agent run` */
export async function agentRun(options: AgentRunOptions): Promise<undefined> {
  await runAgent(options.config)
}

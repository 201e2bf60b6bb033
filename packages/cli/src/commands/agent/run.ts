import { setFlagsFromString } from 'node:v8'

export interface AgentRunOptions {
  readonly config: string
  readonly json?: boolean
}

/** `mayfly agent run` */
export async function agentRun(options: AgentRunOptions): Promise<undefined> {
  // An agent waits most of its life: new objects keep the little room of the start. What V8 would add to it
  // while the modules load stays resident ever after.
  setFlagsFromString('--semi-space-growth-factor=1')
  const { runAgent } = await import('@mayfly/agent')
  await runAgent(options.config)
}

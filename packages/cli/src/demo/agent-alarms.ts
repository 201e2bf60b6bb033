import { agentStatus } from '@mayfly/agent'
import { nodeFileSystem, systemClock } from '@mayfly/platform'
import { demoFolders } from './setting/demo-folders.ts'
import { demoHosts } from './setting/demo-hosts.ts'
import type { Stage } from './stage.ts'

/**
 * Does `work`, and tells what the agents complain of where it fails: callers see only that something is wrong, an
 * agent's alarm says what and what to do. Nobody is told of anything who has ended the demo.
 */
export async function orWithAlarms<T>(
  stage: Pick<Stage, 'home' | 'screen' | 'signal'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!stage.signal.aborted) await tellAlarms(stage)
    throw error
  }
}

/** Says the alarms of every host's agent, a line each. */
export async function tellAlarms({ home, screen }: Pick<Stage, 'home' | 'screen'>): Promise<void> {
  for (const { name } of Object.values(demoHosts)) {
    for (const alarm of await alarmsOf(home, name)) screen.say(`  alarm of ${name}: ${alarm}`)
  }
}

async function alarmsOf(home: string, name: string): Promise<string[]> {
  const { configuration } = demoFolders(home).host(name)
  const ports = { fileSystem: nodeFileSystem, now: systemClock.now() }
  // Not enrolled yet, or no agent has run: there is nobody to complain.
  const reading = await agentStatus(configuration, ports).catch(() => undefined)
  if (reading === undefined) return []
  const alarms = [...reading.alarms, ...reading.status.certificates.flatMap((one) => one.alarms)]
  return alarms.map(({ level, message, code }) => `${level}: ${message} (${code})`)
}

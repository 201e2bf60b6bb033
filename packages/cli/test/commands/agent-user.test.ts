import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodeFileSystem } from '@mayfly/platform'
import { requireAgentUser } from '../../src/commands/agent/agent-user.ts'

const nobody = 65_534

/** Does `work` as somebody to whom what is closed is closed. */
async function asSomebodyElse(work: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return work()
  process.seteuid?.(nobody)
  try {
    await work()
  } finally {
    process.seteuid?.(0)
  }
}

test("agent commands: the state folder is closed to whoever runs them → as whom to run them; where it isn't → go on", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-agent-user-'))
  const [config, state] = [join(folder, 'agent.yaml'), join(folder, 'state')]
  context.after(async () => {
    await chmod(state, 0o700)
    await rm(folder, { recursive: true })
  })
  await chmod(folder, 0o755)
  await writeFile(config, `state: ${state}\nlive: ${folder}/live\n`)
  await requireAgentUser(config, nodeFileSystem)
  await mkdir(state, { mode: 0o700 })
  await requireAgentUser(config, nodeFileSystem)
  await chmod(state, 0)
  await asSomebodyElse(() =>
    assert.rejects(requireAgentUser(config, nodeFileSystem), {
      code: 'permission-denied',
      message: `${state} is closed to you. Run this as the user of the agent, most often with sudo.`,
    }),
  )
})

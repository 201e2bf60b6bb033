import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AgentStatus, StatusAlarm } from '@mayfly/agent'
import { formatInstant } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { orWithAlarms } from '../../src/demo/agent-alarms.ts'
import { demoFolders } from '../../src/demo/setting/demo-folders.ts'
import { temporaryFolder } from '../support/run-mayfly.ts'

const down: StatusAlarm = {
  level: 'warning',
  code: 'reload-failed',
  message: '/run/nginx.pid names process 7, which does not run. Start the server.',
}
const unreachable: StatusAlarm = {
  level: 'warning',
  code: 'transport-failed',
  message: 'https://127.0.0.1:8443 cannot be reached. See whether the issuer runs.',
}

/** An agent of the host web that has alarms; of the others none has run yet. */
async function writeStatus(home: string): Promise<void> {
  const { configuration, state, live } = demoFolders(home).host('web')
  const now = formatInstant(systemClock.now())
  const status: AgentStatus = {
    format: 1,
    version: '0.1.0',
    pid: 7,
    startedAt: now,
    updatedAt: now,
    state: 'running',
    level: 'warning',
    configuration: { path: configuration },
    clockOffsetSeconds: 0,
    alarms: [unreachable],
    certificates: [{ name: 'web', level: 'warning', alarms: [down] }],
  }
  await mkdir(state, { recursive: true })
  await writeFile(configuration, `state: ${state}\nlive: ${live}\ncertificates: {}\n`)
  await writeFile(join(state, 'status.json'), JSON.stringify(status))
}

for (const { how, isEnded, said } of [
  {
    how: 'gives up → what the agents complain of is told',
    isEnded: false,
    said: [
      `  alarm of web: warning: ${unreachable.message} (transport-failed)`,
      `  alarm of web: warning: ${down.message} (reload-failed)`,
    ],
  },
  { how: 'is ended by a person → nothing is told', isEnded: true, said: [] },
]) {
  test(`the demo ${how}`, async (context) => {
    const home = await temporaryFolder(context)
    await writeStatus(home)
    const lines: string[] = []
    const screen = { say: (line: string) => void lines.push(line), show: () => {}, settle: () => {} }
    const signal = isEnded ? AbortSignal.abort() : new AbortController().signal
    const failure = new Error('3 rotations of every host did not come about')
    await assert.rejects(
      orWithAlarms({ home, screen, signal }, () => Promise.reject(failure)),
      failure,
    )
    assert.deepEqual(lines, said)
  })
}

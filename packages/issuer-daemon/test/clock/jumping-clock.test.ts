import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Clock, dayMs, hourMs } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { until } from '../../../../test/support/servers/started-server.ts'
import type { Alarm } from '../../src/issuing/issuer-status.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'
import { enrolled, postEnrolment } from '../support/test-host.ts'

const waitMs = 20_000

/** What the clock on the wall is off by; the one that only ticks is right. */
let offMs = 0
const clock: Clock = { ...systemClock, now: () => systemClock.now() + offMs }

let live: LiveIssuer
before(async () => {
  live = await startLiveIssuer({
    clock,
    yaml: `
metrics: { listen: "127.0.0.1:0" }
sweep: { cron: '* * * * * *' }
`,
  })
})
after(() => live.close())

const token = async (identity: string): Promise<string> =>
  (await live.admin.createToken({ identity, profile: 'server', names: [`dns:${identity}.test`] })).token

const alarms = async (): Promise<readonly Alarm[]> => (await live.admin.status()).alarms

const codes = async (): Promise<string[]> => (await alarms()).map(({ because }) => because)

const look = (path: 'metrics' | 'readyz') => fetch(`http://127.0.0.1:${live.issuer.metricsPort}/${path}`)

const metrics = async (): Promise<string> => (await look('metrics')).text()

/** What it found is given again for a second. */
const becomesReady = (is: boolean) =>
  until(async () => (await look('readyz')).ok === is, `readiness: ${is}`, waitMs)

/** Lines of the log with a level at least as high as a warning that tell of an alarm. */
function told(because: string): { readonly level: string; readonly withinDays?: number }[] {
  const lines = live.log().trimEnd().split('\n')
  const records = lines.map((line) => JSON.parse(line) as { level: string; because?: string })
  return records.filter((record) => record.because === because && record.level !== 'info')
}

test('the clock of a running issuer jumps → refused, and told in status, log, metrics and readiness; set right → all goes on', async () => {
  await enrolled(live, await token('web-1'))
  assert.deepEqual(await codes(), [])
  offMs = hourMs
  const refused = await postEnrolment(live, await token('web-2'))
  assert.equal(refused.status, 503)
  assert.equal((refused.json as { code: string }).code, 'clock-wrong')
  assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
  assert.match((await alarms())[0]?.message ?? '', /jumped forward by 3600 s.*mayfly issuer accept-clock/)
  await until(() => told('clock-wrong').length > 0, 'the alarm in the log', waitMs)
  assert.match(await metrics(), /^mayfly_alarms\{because="clock-wrong"\} 1$/m)
  await becomesReady(false)

  offMs = 0
  assert.deepEqual(await codes(), [])
  await enrolled(live, await token('web-3'))
  await becomesReady(true)
})

test('its intermediate nears its end → told at 30, 14 and 7 days in status, log and metric, and at the end', async () => {
  const { authority } = await live.admin.status()
  const end = Date.parse(authority?.notAfter ?? '')
  for (const days of [30, 14, 7]) {
    offMs = end - days * dayMs - systemClock.now() + hourMs
    await live.admin.acceptClock()
    const [alarm] = await alarms()
    assert.deepEqual([alarm?.because, alarm?.withinDays], ['authority-ending', days])
    const isTold = () => told('authority-ending').some(({ withinDays }) => withinDays === days)
    await until(isTold, `the warning of ${days} days in the log`, waitMs)
    assert.match(await metrics(), new RegExp(`^mayfly_authority_warning_days ${days}$`, 'm'))
    assert.match(await metrics(), /^mayfly_alarms\{because="authority-ending"\} 1$/m)
  }
  assert.deepEqual(
    told('authority-ending').map(({ level }) => level),
    Array(3).fill('warn'),
  )
  offMs = end - systemClock.now() + hourMs
  await live.admin.acceptClock()
  assert.ok((await codes()).includes('authority-expired'))
  await until(() => told('authority-expired').length > 0, 'the end in the log', waitMs)
  await becomesReady(false)
  assert.equal(told('authority-expired')[0]?.level, 'error')
})

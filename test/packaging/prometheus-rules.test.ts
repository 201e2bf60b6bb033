import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '@mayfly/platform'
import { parse } from 'yaml'
import { createAgentMetrics } from '../../packages/agent/src/metrics/agent-metrics.ts'
import { createIssuerMetrics } from '../../packages/issuer-daemon/src/metrics/issuer-metrics.ts'
import { withoutPackages } from '../support/missing-programs.ts'

const run = promisify(execFile)
const rulesFolder = join(import.meta.dirname, '../../packaging/prometheus')
const testsFolder = join(import.meta.dirname, 'prometheus')

interface RulesFile {
  readonly groups: readonly { readonly rules: readonly Rule[] }[]
}

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: { readonly runbook: string }
}

interface RulesTest {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts?: unknown }[]
  }[]
}

/** What each daemon shows to Prometheus. */
const exported = {
  agent: () =>
    createAgentMetrics({
      version: '0',
      now: () => 0,
      clockOffsetSeconds: () => 0,
      certificates: () => [],
      issuers: () => new Map(),
      status: () => ({ alarms: [], certificates: [] }),
    }).registry,
  issuer: () =>
    createIssuerMetrics({
      clock: systemClock,
      counts: () => Promise.reject(new Error('no store')),
      fleet: () => Promise.reject(new Error('no store')),
      storeBytes: () => Promise.reject(new Error('no store')),
      storeLogBytes: () => Promise.reject(new Error('no store')),
      isWritable: () => false,
      isSigning: () => false,
      isReloadRefused: () => false,
      authorityNotAfter: () => undefined,
      bundleSequence: () => 0,
    }).registry,
}

for (const daemon of ['agent', 'issuer'] as const) {
  const rulesPath = join(rulesFolder, `mayfly-${daemon}.rules.yml`)
  const testsPath = join(testsFolder, `${daemon}.test.yml`)
  const readRules = async (): Promise<Rule[]> => {
    const file = parse(await readFile(rulesPath, 'utf8')) as RulesFile
    return file.groups.flatMap(({ rules }) => rules)
  }

  describe(`alert rules of the ${daemon}`, () => {
    it('promtool check and test: → success', { skip: withoutPackages('prometheus') }, async () => {
      await run('promtool', ['check', 'rules', rulesPath])
      await run('promtool', ['test', 'rules', testsPath])
    })

    it('every alert: seen to fire in a test, and to be silent in another', async () => {
      const { tests } = parse(await readFile(testsPath, 'utf8')) as RulesTest
      const cases = tests.flatMap(({ alert_rule_test: list }) => list)
      for (const { alert } of await readRules()) {
        const own = cases.filter(({ alertname }) => alertname === alert)
        const fires = own.some((one) => one.exp_alerts !== undefined)
        const isSilent = own.some((one) => one.exp_alerts === undefined)
        assert.ok(fires && isSilent, alert)
      }
    })

    it(`every metric in a rule: → one that the ${daemon} exports`, async () => {
      const names = exported[daemon]()
        .getMetricsAsArray()
        .map(({ name }) => name)
      for (const { alert, expr } of await readRules()) {
        for (const [metric] of expr.matchAll(/\bmayfly_\w+/g))
          assert.ok(names.includes(metric), `${alert}: ${metric}`)
      }
    })

    it('every runbook link: → a section of docs/operations.md', async () => {
      const text = await readFile(join(rulesFolder, '../../docs/operations.md'), 'utf8')
      const anchors = Array.from(text.matchAll(/^#+ (.+)$/gm), ([, title = '']) => anchorOf(title))
      for (const { alert, annotations } of await readRules()) {
        const [page, anchor = ''] = annotations.runbook.split('#')
        assert.equal(page, 'docs/operations.md', alert)
        // The alerts that pass alarms on link to the section of the alarm's code.
        const isForward = anchor.includes('{{ $labels.code }}')
        assert.ok(isForward || anchors.includes(anchor), `${alert}: no section #${anchor}`)
      }
    })
  })
}

/** As GitHub makes them. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-')
}

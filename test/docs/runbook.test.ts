import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { ErrorCode } from '@mayfly/ca-core'
import type { IssuerStatus } from '@mayfly/issuer-daemon'
import { parse } from 'yaml'
import { remedies } from '../../packages/agent/src/status/remedies.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/operations.md'), 'utf8')
const sections = Array.from(page.matchAll(/^### `?([\w-]+)`?$/gm), ([, title]) => title)

/** Codes of the agent's own alarms; the others come from what failed. */
const agentAlarms: readonly ErrorCode[] = [
  'certificate-expired',
  'clock-wrong',
  'config-invalid',
  'file-exists',
  'internal',
  'lineage-unknown',
  'state-invalid',
  'stopping',
]

/** Written out, so that a new alarm cannot be forgotten. */
const issuerAlarms: Record<IssuerStatus['alarms'][number]['because'], true> = {
  'lineage-conflict': true,
  'authority-missing': true,
  'authority-ending': true,
  'authority-expired': true,
  'root-ending': true,
  'authority-tainted': true,
  'clock-wrong': true,
  'sweep-stopped': true,
  'keys-failing': true,
  'store-log-growing': true,
  'store-unavailable': true,
  'hsm-unavailable': true,
  'reload-refused': true,
  'history-contradicted': true,
  'store-restored': true,
}

interface RulesFile {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[]
}

function alerts(daemon: string): string[] {
  const text = readFileSync(join(root, `packaging/prometheus/mayfly-${daemon}.rules.yml`), 'utf8')
  return (parse(text) as RulesFile).groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
}

describe('docs/operations.md', () => {
  it('every alarm of the agent: → a section', () => {
    for (const code of [...Object.keys(remedies), ...agentAlarms]) assert.ok(sections.includes(code), code)
  })

  it('every alarm of the issuer: → a section', () => {
    for (const code of Object.keys(issuerAlarms)) assert.ok(sections.includes(code), code)
  })

  it('every alert that is a section of its own, or links to that of its alarm: → there', () => {
    const own = [...alerts('agent'), ...alerts('issuer')].filter(
      (alert) => !alert.startsWith('MayflyAuthority'),
    )
    const byAlarm = [
      'MayflyLineageConflict',
      'MayflySweepStopped',
      'MayflyReloadRefused',
      'MayflyHsmUnavailable',
      'MayflyStoreLogGrowing',
    ]
    for (const alert of own) assert.ok(sections.includes(alert) || byAlarm.includes(alert), alert)
  })

  it('every section: there once', () => {
    assert.deepEqual(
      sections.filter((title, index) => sections.indexOf(title) !== index),
      [],
    )
  })

  it('every link within the page: → leads somewhere', () => {
    const anchors = Array.from(page.matchAll(/^#+ (.+)$/gm), ([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    )
    for (const [, anchor = ''] of page.matchAll(/\]\(#([\w-]+)\)/g))
      assert.ok(anchors.includes(anchor), anchor)
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type ErrorCode, errorCodes } from '@mayfly/ca-core'
import type { IssuerStatus } from '@mayfly/issuer-daemon'
import { parse } from 'yaml'
import { remedies } from '../../packages/agent/src/status/remedies.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/operations.md'), 'utf8')
const sections = Array.from(page.matchAll(/^### `?([\w-]+)`?$/gm), ([, title]) => title)

/**
 * Why a code is no alarm of an agent. Every other one can be: of what an issuer answers, the agent tells what it is told. A new
 * code has to be put here, or to get a section.
 */
const noAgentAlarm: Partial<Record<ErrorCode, string>> = {
  'passphrase-wrong': 'of the keys of roots and issuers',
  'token-invalid': 'told by `mayfly agent enroll`',
  'token-expired': 'told by `mayfly agent enroll`',
  'token-used': 'told by `mayfly agent enroll`',
  'token-revoked': 'told by `mayfly agent enroll`',
  'token-unknown': 'told by `mayfly agent enroll`',
  'token-other-issuer': 'told by `mayfly agent enroll`',
  'fingerprint-mismatch': 'told in the ceremony, and by `mayfly agent enroll`',
  'identity-exists': 'told by `mayfly identity add`',
  'not-minted': 'waited for',
  'hsm-pin-wrong': 'ends the issuer',
  'already-running': 'told at the start',
  'rotation-unfinished': 'told by `mayfly agent check`',
  usage: 'told by the command',
  cancelled: 'told by the command',
  'command-failed': 'told as check-failed or reload-failed',
}

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
  it('every alarm of the agent: → a section, or an anchor in that of its like', () => {
    for (const code of errorCodes) {
      const isThere = sections.includes(code) || page.includes(`<a id="${code}"></a>`)
      assert.ok(isThere || (code in noAgentAlarm && !(code in remedies)), code)
    }
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

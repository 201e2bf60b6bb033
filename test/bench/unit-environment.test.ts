import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentIn, unitEnvironment } from './unit-environment.ts'

test('the environment of a unit: the lines of the file → names and values, in quotes or not, without what systemd fills in', () => {
  const unit = [
    '[Service]',
    'Environment=A=1',
    'Environment="B=2 --c"',
    'Environment=D=%C/d',
    '#Environment=E=5',
  ]
  assert.deepEqual(environmentIn(unit.join('\n')), { A: '1', B: '2 --c' })
})

test("the environment of the issuer's unit: as shipped → the bound on its garbage is among it", async () => {
  const { NODE_OPTIONS: options = '' } = await unitEnvironment('mayfly-issuer.service')
  assert.match(options, /--max-semi-space-size=\d+/)
})

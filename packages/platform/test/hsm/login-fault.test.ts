import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loginFault } from '../../src/hsm/child/login-fault.ts'
import { hsmErrorOf, isPinRefusal } from '../../src/hsm/hsm-fault.ts'
import { HsmProcessError } from '../../src/hsm/hsm-process.ts'

// CKF_RNG, CKF_LOGIN_REQUIRED, CKF_USER_PIN_INITIALIZED, CKF_TOKEN_INITIALIZED
const ordinary = 0x40dn
const cases: readonly [what: string, flags: bigint, message: RegExp | undefined][] = [
  ['as usual', ordinary, undefined],
  ['after a wrong PIN', ordinary | 0x1_0000n, undefined],
  ['one try left', ordinary | 0x3_0000n, /only one try is left.*Log in by hand/],
  ['locked', ordinary | 0x4_0000n, /the PIN is locked.*security officer/],
]

for (const [what, flags, message] of cases) {
  test(`a token ${what} → ${message === undefined ? 'may be logged in to' : 'no PIN is tried'}`, () => {
    const fault = loginFault(flags)
    if (message === undefined) return assert.equal(fault, undefined)
    const error = hsmErrorOf(new HsmProcessError(fault ?? assert.fail('no fault')), 'The HSM')
    assert.equal(error.code, 'hsm-pin-wrong')
    assert.match(error.message, message)
  })
}

test('a PIN that is refused → told from other failures', () => {
  assert.ok(isPinRefusal({ is: 'returned', function: 'C_Login', value: 0xa0 }))
  assert.ok(!isPinRefusal({ is: 'returned', function: 'C_Login', value: 0x30 }))
  assert.ok(!isPinRefusal({ is: 'returned', function: 'C_Sign', value: 0xa0 }))
})

test('what a module returns → named, and what makes no such keys is no lost token', () => {
  const of = (name: string, value: number) =>
    hsmErrorOf(new HsmProcessError({ is: 'returned', function: name, value }), 'The HSM')
  assert.match(of('C_Sign', 0x32).message, /C_Sign returned CKR_DEVICE_REMOVED/)
  assert.match(of('C_Sign', 0x8000_0001).message, /C_Sign returned 0x80000001/)
  assert.equal(of('C_GenerateKeyPair', 0x70).code, 'key-type-unsupported')
})

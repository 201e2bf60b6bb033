import { MayflyError } from '@mayfly/ca-core'
import { HsmProcessError, type HsmProcessFault } from './hsm-process.ts'

/** What a module returns where a PIN is not accepted, and why. */
const pinRefusals: Readonly<Record<number, string>> = {
  160: 'the PIN is wrong',
  161: 'the PIN has characters that it does not take',
  162: 'the PIN is too short or too long',
  163: 'the PIN has expired: set a new one',
  164: "the PIN is locked after too many wrong ones: unlock it with the security officer's PIN",
  258: 'no PIN was set yet: initialise it',
}

/** The usual ones, under their names in PKCS #11. */
const returnNames: Readonly<Record<number, string>> = {
  5: 'CKR_GENERAL_ERROR',
  6: 'CKR_FUNCTION_FAILED',
  48: 'CKR_DEVICE_ERROR',
  49: 'CKR_DEVICE_MEMORY',
  50: 'CKR_DEVICE_REMOVED',
  96: 'CKR_KEY_HANDLE_INVALID',
  99: 'CKR_KEY_TYPE_INCONSISTENT',
  104: 'CKR_KEY_FUNCTION_NOT_PERMITTED',
  112: 'CKR_MECHANISM_INVALID',
  113: 'CKR_MECHANISM_PARAM_INVALID',
  130: 'CKR_OBJECT_HANDLE_INVALID',
  176: 'CKR_SESSION_CLOSED',
  179: 'CKR_SESSION_HANDLE_INVALID',
  209: 'CKR_TEMPLATE_INCONSISTENT',
  224: 'CKR_TOKEN_NOT_PRESENT',
  225: 'CKR_TOKEN_NOT_RECOGNIZED',
  226: 'CKR_TOKEN_WRITE_PROTECTED',
  257: 'CKR_USER_NOT_LOGGED_IN',
  304: 'CKR_CURVE_NOT_SUPPORTED',
}

/** Of making a key: the token knows no such keys. */
const unsupported: readonly number[] = [112, 113, 304]

/** What failed at the HSM, as an error that says what to do. `place` names the token and its module. */
export function hsmErrorOf(error: unknown, place: string): MayflyError {
  if (error instanceof MayflyError) return error
  if (error instanceof HsmProcessError) return describe(error.fault, place, error)
  return unavailable(place, 'something inside went wrong', error)
}

/** Whether it was the PIN: then nothing is tried again with it. */
export function isPinRefusal(fault: HsmProcessFault): boolean {
  return fault.is === 'returned' && fault.function === 'C_Login' && fault.value in pinRefusals
}

export function pinRefusedError(place: string, why: string): MayflyError {
  return new MayflyError(
    'hsm-pin-wrong',
    `${place} cannot be logged in to: ${why}. It is not tried again with this PIN, since tokens lock after a few wrong ones. ` +
      'Put the right PIN where `hsm.pin` says it comes from.',
  )
}

function describe(fault: HsmProcessFault, place: string, cause: unknown): MayflyError {
  switch (fault.is) {
    case 'returned':
      return describeReturned(fault, place, cause)
    case 'module':
      return unavailable(place, `its module cannot be used: ${withRemedy(fault.message)}`, cause)
    case 'token':
      return unavailable(place, fault.message, cause)
    case 'final-try':
      return pinRefusedError(
        place,
        'only one try is left before the PIN is locked. Log in by hand with the right PIN first, which ends the count',
      )
    case 'ambiguous':
      return unavailable(place, 'more than one key is meant; name it by its id', cause)
    case 'ended':
      return unavailable(place, fault.message, cause)
  }
}

/** node:ffi calls by name, and a module may give its functions in a list alone. */
function withRemedy(message: string): string {
  if (!message.includes('undefined symbol')) return message
  return `${message}. Name the module of the token itself; p11-kit-proxy.so and others without functions of their own are none`
}

function describeReturned(
  { function: name, value }: Extract<HsmProcessFault, { is: 'returned' }>,
  place: string,
  cause: unknown,
): MayflyError {
  const refusal = name === 'C_Login' ? pinRefusals[value] : undefined
  if (refusal !== undefined) return pinRefusedError(place, refusal)
  const told = `${name} returned ${returnNames[value] ?? `0x${value.toString(16)}`}`
  if (name === 'C_GenerateKeyPair' && unsupported.includes(value)) {
    return new MayflyError('key-type-unsupported', `${place} makes no keys of this type: ${told}.`, { cause })
  }
  return unavailable(place, told, cause)
}

function unavailable(place: string, why: string, cause: unknown): MayflyError {
  return new MayflyError('hsm-unavailable', `${place} is not available: ${why}.`, { cause })
}

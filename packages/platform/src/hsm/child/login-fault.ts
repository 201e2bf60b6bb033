import type { HsmFault } from '../hsm-messages.ts'
import { ckf, ckr } from './cryptoki-constants.ts'

/**
 * Why a token with these flags (CK_TOKEN_INFO) is not to be logged in to; `undefined` where it may be. Whoever has the
 * right PIN ends the count of wrong ones by hand; a daemon must never be the one that locks the token.
 */
export function loginFault(flags: bigint): HsmFault | undefined {
  if ((flags & ckf.userPinLocked) !== 0n) return { is: 'returned', function: 'C_Login', value: ckr.pinLocked }
  if ((flags & ckf.userPinFinalTry) !== 0n) return { is: 'final-try' }
  return undefined
}

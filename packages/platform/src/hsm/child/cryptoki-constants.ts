/** Numbers of PKCS #11 v3.0 (OASIS), the few that are used here, under their names there. */
export const ckf = {
  loginRequired: 0x4n,
  userPinInitialized: 0x8n,
  userPinFinalTry: 0x2_0000n,
  userPinLocked: 0x4_0000n,
  rwSession: 0x2n,
  serialSession: 0x4n,
} as const

export const cka = {
  class: 0x0n,
  token: 0x1n,
  private: 0x2n,
  label: 0x3n,
  keyType: 0x100n,
  id: 0x102n,
  sensitive: 0x103n,
  sign: 0x108n,
  verify: 0x10an,
  modulus: 0x120n,
  modulusBits: 0x121n,
  publicExponent: 0x122n,
  extractable: 0x162n,
  ecParams: 0x180n,
  ecPoint: 0x181n,
} as const

export const cko = { publicKey: 2n, privateKey: 3n } as const

export const userTypeUser = 1n

/** CK_UNAVAILABLE_INFORMATION: a length that the module cannot tell. */
export const unavailable = 0xffff_ffff_ffff_ffffn

/** Return values with a meaning of their own here; every other is told by its number. */
export const ckr = {
  ok: 0x0,
  functionFailed: 0x6,
  attributeTypeInvalid: 0x12,
  pinIncorrect: 0xa0,
  pinInvalid: 0xa1,
  pinLenRange: 0xa2,
  pinExpired: 0xa3,
  pinLocked: 0xa4,
  tokenWriteProtected: 0xe2,
  userAlreadyLoggedIn: 0x100,
  userPinNotInitialized: 0x102,
} as const

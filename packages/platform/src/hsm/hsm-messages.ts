/**
 * What the issuer asks of the process that holds the PKCS #11 module, and what that answers. All of it is plain data.
 * The file is read by both sides, and imports nothing: the other side loads no more than it needs.
 */

/** Which token is meant: all that is given must agree (RFC 7512 2.3). */
export interface TokenChoice {
  readonly token?: string
  readonly serial?: string
  readonly manufacturer?: string
  readonly model?: string
}

/** Which key is meant: by its CKA_ID, its CKA_LABEL, or both. */
export interface KeyChoice {
  readonly id?: Uint8Array
  readonly label?: string
}

/** How a key is made: `parameters` is DER ECParameters, for RSA there is the length of the modulus. */
export type KeyMaking =
  | { readonly mechanism: number; readonly ecParameters: Uint8Array }
  | { readonly mechanism: number; readonly modulusBits: number }

/** The public half as PKCS #11 gives it. */
export interface ModuleKey {
  readonly id: Uint8Array
  /** CKK_RSA 0, CKK_EC 3, CKK_EC_EDWARDS 0x40. */
  readonly keyType: number
  readonly ecParameters?: Uint8Array
  readonly ecPoint?: Uint8Array
  readonly modulus?: Uint8Array
  readonly publicExponent?: Uint8Array
}

/** Each question with what it is answered by. */
export interface HsmCalls {
  open: {
    readonly ask: { readonly module: string; readonly choice: TokenChoice; readonly pin: Uint8Array }
    readonly answer: { readonly token: string; readonly serial: string }
  }
  'find-key': { readonly ask: { readonly choice: KeyChoice }; readonly answer: ModuleKey | undefined }
  'make-key': {
    readonly ask: { readonly making: KeyMaking; readonly id: Uint8Array; readonly label: string }
    readonly answer: undefined
  }
  sign: {
    readonly ask: { readonly id: Uint8Array; readonly mechanism: number; readonly message: Uint8Array }
    readonly answer: Uint8Array
  }
  /** How many objects were destroyed: the private key and its public half. */
  'destroy-key': { readonly ask: { readonly id: Uint8Array }; readonly answer: number }
}

export type HsmCall = keyof HsmCalls

export type HsmQuestion = {
  [Call in HsmCall]: { readonly number: number; readonly call: Call } & HsmCalls[Call]['ask']
}[HsmCall]

/** Why a call was not done. */
export type HsmFault =
  /** A function of the module returned something else than CKR_OK. */
  | { readonly is: 'returned'; readonly function: string; readonly value: number }
  /** The module cannot be loaded, or lacks a function. */
  | { readonly is: 'module'; readonly message: string }
  /** No token, or more than one, is what was asked for; or it cannot be used as it is. */
  | { readonly is: 'token'; readonly message: string }
  /** One more wrong PIN would lock the token, so none is tried. */
  | { readonly is: 'final-try' }
  /** More than one key is what was asked for. */
  | { readonly is: 'ambiguous' }

export type HsmAnswer =
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly fault: HsmFault }

/** Thrown on either side, told in a message. */
export class HsmFaultError extends Error {
  readonly fault: HsmFault

  constructor(fault: HsmFault) {
    super(fault.is)
    this.fault = fault
  }
}

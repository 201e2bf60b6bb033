import { dlopen } from 'node:ffi'
import { HsmFaultError } from '../hsm-messages.ts'
import { ckr } from './cryptoki-constants.ts'

/**
 * The functions that are called, each with the widths of its arguments. Addresses are given as numbers, never as
 * objects: what node:ffi makes of those has changed between its releases.
 */
const signatures = {
  C_Initialize: ['uint64'],
  C_Finalize: ['uint64'],
  C_GetSlotList: ['uint8', 'uint64', 'uint64'],
  C_GetTokenInfo: ['uint64', 'uint64'],
  C_OpenSession: ['uint64', 'uint64', 'uint64', 'uint64', 'uint64'],
  C_Login: ['uint64', 'uint64', 'uint64', 'uint64'],
  C_FindObjectsInit: ['uint64', 'uint64', 'uint64'],
  C_FindObjects: ['uint64', 'uint64', 'uint64', 'uint64'],
  C_FindObjectsFinal: ['uint64'],
  C_GetAttributeValue: ['uint64', 'uint64', 'uint64', 'uint64'],
  C_GenerateKeyPair: ['uint64', 'uint64', 'uint64', 'uint64', 'uint64', 'uint64', 'uint64', 'uint64'],
  C_DestroyObject: ['uint64', 'uint64'],
  C_SignInit: ['uint64', 'uint64', 'uint64'],
  C_Sign: ['uint64', 'uint64', 'uint64', 'uint64', 'uint64'],
} as const

export type ModuleFunction = keyof typeof signatures

/** Calls a function of the module and gives what it returned. */
export type CallModule = (name: ModuleFunction, ...values: readonly bigint[]) => number

/** Loads the module. Throws an `HsmFaultError` that says why it cannot be used. */
export function loadModule(path: string): CallModule {
  const functions = resolve(path)
  return (name, ...values) => {
    // CK_BBOOL has one byte, everything else is as wide as an address.
    const given = values.map((value, index) => (signatures[name][index] === 'uint8' ? Number(value) : value))
    return Number(functions[name]?.(...given) ?? ckr.functionFailed)
  }
}

/** Throws an `HsmFaultError` unless the function returns CKR_OK. */
export function mustCall(call: CallModule, name: ModuleFunction, ...values: readonly bigint[]): void {
  const value = call(name, ...values)
  if (value !== ckr.ok) throw new HsmFaultError({ is: 'returned', function: name, value })
}

function resolve(path: string): Readonly<Record<string, (...values: (bigint | number)[]) => unknown>> {
  const definitions = Object.fromEntries(
    Object.entries(signatures).map(([name, widths]) => [name, { arguments: [...widths], return: 'uint64' }]),
  )
  try {
    return dlopen(path, definitions as Parameters<typeof dlopen>[1]).functions as never
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new HsmFaultError({ is: 'module', message })
  }
}

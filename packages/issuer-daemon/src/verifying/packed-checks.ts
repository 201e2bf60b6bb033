import { keyTypes, type SignatureCheck, type SignatureForm, type SignatureVerdict } from '@mayfly/ca-core'

/**
 * Many checks as two pieces of memory. They go from thread to thread without being copied, where objects would be
 * taken apart and put together one by one, for a good part of what a verification costs.
 */
export interface PackedChecks {
  /** For each check: type of the key, form, and the lengths of key, message and signature. */
  readonly numbers: Uint32Array<ArrayBuffer>
  /** For each check: key, message and signature, one behind the other. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

const numbersEach = 5
const forms = ['certificate', 'jws'] as const satisfies readonly SignatureForm[]
const verdicts = ['signed', 'not-signed', 'key-invalid'] as const satisfies readonly SignatureVerdict[]

export function packChecks(checks: readonly SignatureCheck[]): PackedChecks {
  const numbers = new Uint32Array(checks.length * numbersEach)
  let size = 0
  checks.forEach(({ keyType, spki, message, signature, form }, index) => {
    const lengths = [spki.length, message.length, signature.length] as const
    numbers.set([keyTypes.indexOf(keyType), forms.indexOf(form), ...lengths], index * numbersEach)
    size += lengths[0] + lengths[1] + lengths[2]
  })
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const { spki, message, signature } of checks) {
    for (const part of [spki, message, signature]) {
      bytes.set(part, offset)
      offset += part.length
    }
  }
  return { numbers, bytes }
}

/** Views of the packed bytes, in the order in which they were packed. */
export function unpackChecks({ numbers, bytes }: PackedChecks): SignatureCheck[] {
  const checks: SignatureCheck[] = []
  let offset = 0
  const take = (length = 0): Uint8Array => {
    offset += length
    return bytes.subarray(offset - length, offset)
  }
  for (let at = 0; at < numbers.length; at += numbersEach) {
    checks.push({
      keyType: keyTypes[numbers[at] ?? -1] ?? noSuch('key type', numbers[at]),
      form: forms[numbers[at + 1] ?? -1] ?? noSuch('form', numbers[at + 1]),
      spki: take(numbers[at + 2]),
      message: take(numbers[at + 3]),
      signature: take(numbers[at + 4]),
    })
  }
  return checks
}

export function packVerdicts(given: readonly SignatureVerdict[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(given, (verdict) => verdicts.indexOf(verdict))
}

export function unpackVerdicts(packed: Uint8Array): SignatureVerdict[] {
  return Array.from(packed, (verdict) => verdicts[verdict] ?? noSuch('verdict', verdict))
}

function noSuch(what: string, number: number | undefined): never {
  throw new TypeError(`there is no ${what} ${number}`)
}

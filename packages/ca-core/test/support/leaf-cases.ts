import fc from 'fast-check'
import {
  type KeyType,
  type Name,
  type ProfileName,
  parseNames,
  profileNames,
  uniqueNames,
} from '../../src/index.ts'

/** An identity and the certificate that it is to get. */
export interface LeafCase {
  readonly names: readonly Name[]
  readonly keyType: KeyType
  readonly profile: ProfileName
  readonly lifetimeSeconds: number
}

const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9]{0,20}[a-z])?$/)
const dnsName = fc
  .array(label, { minLength: 1, maxLength: 6 })
  .map((labels) => `dns:${[...labels, 'example'].join('.')}`)
const anyName = fc.oneof(
  dnsName,
  dnsName.map((name) => name.replace('dns:', 'dns:*.w.')),
  fc.ipV4(),
  fc.ipV6().filter((address) => !/^(0*:){5}ffff:|^::ffff:/i.test(address)),
  label.map((name) => `${name}@mail.example`),
)
const spiffeId = fc.option(
  label.map((segment) => `spiffe://corp.example/${segment}`),
  { nil: undefined },
)

/** Any identity with up to 21 names of every kind, for keys of `keyTypes`. */
export function leafCase(keyTypes: readonly KeyType[]): fc.Arbitrary<LeafCase> {
  return fc.record({
    names: fc
      .tuple(fc.array(anyName, { minLength: 1, maxLength: 20 }), spiffeId)
      .map(([texts, id]) => uniqueNames(parseNames(id === undefined ? texts : [...texts, id]))),
    keyType: fc.constantFrom(...keyTypes),
    profile: fc.constantFrom(...profileNames),
    lifetimeSeconds: fc.integer({ min: 10, max: 86_400 }),
  })
}

/** After `testNow`, while the intermediate of the tests lives. */
export const laterMs: fc.Arbitrary<number> = fc.integer({ min: 0, max: 89 * 86_400_000 })

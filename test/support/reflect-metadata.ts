/**
 * `@peculiar/x509` loads tsyringe, which asks for the metadata proposal on `Reflect` and uses three
 * of its functions. Import this first.
 */
const metadata = new WeakMap<object, Map<unknown, unknown>>()

function getOwnMetadata(key: unknown, target: object): unknown {
  return metadata.get(target)?.get(key)
}

function defineMetadata(key: unknown, value: unknown, target: object): void {
  const held = metadata.get(target) ?? new Map<unknown, unknown>()
  metadata.set(target, held.set(key, value))
}

if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, { getMetadata: getOwnMetadata, getOwnMetadata, defineMetadata })
}

import type { KeyType } from '@mayfly/ca-core'

/** Every key type, written out again so that `--help` needs no cryptography to be loaded. */
const described: Record<KeyType, true> = {
  'ec-p256': true,
  'ec-p384': true,
  ed25519: true,
  'rsa-3072': true,
  'rsa-4096': true,
  'ml-dsa-44': true,
  'ml-dsa-65': true,
  'ml-dsa-87': true,
}

export const keyTypeChoices: readonly string[] = Object.keys(described)

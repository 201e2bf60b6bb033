import type { KeyType, ProfileName } from '@mayfly/ca-core'
import type { IdentityState, KeptAlarmKind } from '@mayfly/issuer-daemon'

/** Written out again, so that `--help` needs no cryptography to be loaded; the types see to it that none is missing. */
const keyTypes: Record<KeyType, true> = {
  'ec-p256': true,
  'ec-p384': true,
  ed25519: true,
  'rsa-3072': true,
  'rsa-4096': true,
  'ml-dsa-44': true,
  'ml-dsa-65': true,
  'ml-dsa-87': true,
}

const profiles: Record<ProfileName, true> = { server: true, client: true, peer: true }

const alarms: Record<KeptAlarmKind, true> = { 'history-contradicted': true, 'store-restored': true }

const states: Record<IdentityState, true> = { new: true, active: true, expired: true, suspended: true }

export const keyTypeChoices: readonly string[] = Object.keys(keyTypes)
export const profileChoices: readonly string[] = Object.keys(profiles)
export const stateChoices: readonly string[] = Object.keys(states)
export const alarmChoices: readonly string[] = Object.keys(alarms)

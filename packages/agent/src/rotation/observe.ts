import { type KeyType, namesOutside, parsePrivateKey } from '@mayfly/ca-core'
import type { HeldBundle } from '../state/held-bundle.ts'
import type { LineageState } from '../state/lineage-state.ts'
import type { LineageStore } from '../state/lineage-store.ts'
import type { StagedKey } from '../state/staged-key.ts'
import { liveDrift } from './live-drift.ts'
import { openCredential } from './material-of.ts'
import type { Observations } from './plan-rotation.ts'
import { expectedNames, type RotationPorts, type RotationSubject } from './rotation-context.ts'

/** Looks at what the plan must know besides the state: the live files, and whether a person is waiting. */
export async function observe(
  ports: RotationPorts,
  subject: RotationSubject,
  store: Pick<LineageStore, 'renewalWish'>,
  state: LineageState,
  held: HeldBundle,
): Promise<Observations> {
  const wish = await store.renewalWish()
  const seen = await liveDrift(ports, subject, state, held).then(
    (drifts) => ({ drift: drifts.map(({ path }) => path) }),
    (unseen: unknown) => ({ drift: [], unseen }),
  )
  const { staged } = state
  const isOther = staged !== undefined && typeOf(staged) !== subject.settings.keyType
  const observed = {
    ...seen,
    lacksNames: lacksNames(subject, state),
    ...(isOther && { otherKeyType: staged.keyHash }),
  }
  return wish === undefined || wish === state.granted?.wish ? observed : { ...observed, wish }
}

/** Names come from the issuer's policy; what the configuration asks for beyond it, the issuer refuses when it is asked. */
function lacksNames(subject: RotationSubject, state: LineageState): boolean {
  const [leaf] = openCredential(state.head).chain
  return leaf !== undefined && namesOutside(expectedNames(subject, state), leaf.names).length > 0
}

/** Read once for each key. */
const types = new WeakMap<StagedKey, KeyType>()

function typeOf(staged: StagedKey): KeyType {
  const type = types.get(staged) ?? parsePrivateKey(staged.keyPem).type
  types.set(staged, type)
  return type
}

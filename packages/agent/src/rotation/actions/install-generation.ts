import { type ErrorCode, isMayflyError, MayflyError, parsePrivateKey } from '@mayfly/ca-core'
import { requireSafeFolders } from '../../installing/safe-folders.ts'
import { switchGeneration } from '../../installing/switch-generation.ts'
import { writeGeneration } from '../../installing/write-generation.ts'
import type { Credential } from '../../state/credential.ts'
import type { GenerationRecord, LineageState } from '../../state/lineage-state.ts'
import { credentialOf, materialOf } from '../material-of.ts'
import { refusalsMax } from '../pace.ts'
import type { Holder, RotationAction } from '../rotation-action.ts'
import { expectedNames, type RotationContext } from '../rotation-context.ts'
import { dropCertifiedKey } from './drop-key.ts'

type Install = Extract<RotationAction, { do: 'install' }>

/**
 * Proves a certificate with its key, writes its files beside the live ones, and switches to them in one step.
 * A generation that was written already, before a crash or before going back, is used again.
 */
export async function installGeneration(
  context: RotationContext,
  { holder, because, hasWayBack }: Install,
): Promise<void> {
  const { ports, subject, held, note } = context
  const { fileSystem, servers, trace } = ports
  const credential = credentialOf(context.state, holder)
  const material = materialOf(credential, held.bundle)
  const fields = { certificate: subject.name, serial: credential.serial }

  await orDrop(context, holder, () =>
    servers.prove(material, {
      names: expectedNames(subject, context.state),
      profile: context.state.profile,
      now: ports.clock.now(),
    }),
  )
  if (hasWayBack) await requireAble(context)
  const generation = writtenEarlier(context, credential)?.number ?? context.state.numberMax + 1
  trace.step('proved', { ...fields, generation })

  const files = await orDrop(context, holder, () => servers.encode(material))
  const { number, state } = await chooseNumber(context, credential)
  const place = { fileSystem, live: subject.live, name: subject.name, number }
  await requireSafeFolders(place)
  await writeGeneration({ ...place, files, access: subject.access })
  trace.step('files.written', { ...fields, generation: number })

  await switchGeneration(place)
  trace.step('switched', { ...fields, generation: number })
  // Saved with what comes of serving it. Who does not know of the switch finds it done, and serves.
  note({ ...state, live: { number, served: false } })
  ports.tell({ event: 'installed', generation: number, serial: credential.serial, because })
}

/**
 * A server that is down loads nothing, and one whose own test fails on the old files is kept by something else from loading
 * new ones: switching would only lead to going back, at every attempt anew. It is left with the certificate that it has.
 * @throws MayflyError `reload-failed` where it is down, `check-failed`
 */
async function requireAble({ ports: { servers } }: RotationContext): Promise<void> {
  const down = await servers.down()
  if (down === undefined) return servers.check()
  const message = `${down} The old certificate stays installed while it is good, and the new one follows within minutes of the start.`
  throw new MayflyError('reload-failed', message, { details: { because: 'server-down' } })
}

/** What no other attempt mends: another key may. */
const ofNoUse: readonly ErrorCode[] = ['prove-failed', 'key-type-unsupported']

/**
 * A candidate that fails its proof, or cannot be put into the formats that are wanted, again and again is given up, and with
 * it its key; not before it may.
 */
async function orDrop<T>(context: RotationContext, holder: Holder, work: () => Promise<T>): Promise<T> {
  const { state } = context
  try {
    return await work()
  } catch (error) {
    const attempts = (state.setbacks.install?.attempts ?? 0) + 1
    const isOfNoUse = isMayflyError(error) && ofNoUse.includes(error.code)
    if (holder === 'candidate' && attempts >= refusalsMax && isOfNoUse) {
      const { keyPem } = credentialOf(state, holder)
      await dropCertifiedKey(context, parsePrivateKey(keyPem).publicKey.hash, error.message)
    }
    throw error
  }
}

/** The number of the same generation if it was begun before, or else a new one, durable before it is used. */
async function chooseNumber(
  context: RotationContext,
  credential: Credential,
): Promise<{ number: number; state: LineageState }> {
  const { state, held, save } = context
  const earlier = writtenEarlier(context, credential)
  if (earlier !== undefined) return { number: earlier.number, state }
  const { serial, notAfter } = credential
  const number = state.numberMax + 1
  const record = { number, serial, notAfter, bundleSequence: held.bundle.sequence }
  const generations = [...state.generations, record]
  return { number, state: await save({ ...state, numberMax: number, generations }) }
}

function writtenEarlier(
  { state, held }: RotationContext,
  credential: Credential,
): GenerationRecord | undefined {
  return state.generations.find(
    ({ serial, bundleSequence }) => serial === credential.serial && bundleSequence === held.bundle.sequence,
  )
}

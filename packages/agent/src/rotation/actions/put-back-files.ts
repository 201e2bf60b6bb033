import { restoreGeneration } from '../../installing/restore-generation.ts'
import { requireSafeFolders } from '../../installing/safe-folders.ts'
import { credentialOf, materialOf } from '../material-of.ts'
import type { Holder } from '../rotation-action.ts'
import type { RotationContext } from '../rotation-context.ts'

/** Puts deleted and altered files, and altered access, back as they were installed. */
export async function putBackFiles(
  { ports, subject, state, held, save }: RotationContext,
  holder: Holder,
): Promise<void> {
  const number = state.live?.number
  if (number === undefined) throw new TypeError('there is no generation to put back')
  const material = materialOf(credentialOf(state, holder), held.bundle)
  await requireSafeFolders({ fileSystem: ports.fileSystem, live: subject.live, name: subject.name })
  const mended = await restoreGeneration({
    fileSystem: ports.fileSystem,
    live: subject.live,
    name: subject.name,
    number,
    files: await ports.servers.encode(material),
    access: subject.access,
  })
  // A server may have loaded what somebody had put there.
  await save({ ...state, live: { number, served: false } })
  ports.tell({ event: 'put-back', generation: number, paths: mended.map(({ path }) => path) })
}

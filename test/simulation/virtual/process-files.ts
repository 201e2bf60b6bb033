import type { FileSystem } from '@mayfly/ca-core'
import type { FileOperation } from '../../fakes/memory-file-system.ts'

const operations = [
  'readFile',
  'createFile',
  'replaceFile',
  'appendFile',
  'makeDirectory',
  'syncDirectory',
  'replaceSymlink',
  'readLink',
  'list',
  'readFolder',
  'status',
  'setAccess',
  'rename',
  'remove',
] as const satisfies readonly FileOperation[]

/** Operations that leave the disk as it was. */
const reading: readonly FileOperation[] = ['readFile', 'readLink', 'list', 'readFolder', 'status']

export function isWriting(operation: FileOperation): boolean {
  return !reading.includes(operation)
}

/**
 * The files of a machine as one process sees them. `enter` is asked before each operation; what it gives, where
 * it gives something, never comes back: the process has ended there.
 */
export function filesOfProcess(
  inner: FileSystem,
  enter: (operation: FileOperation, path: string) => Promise<never> | undefined,
): FileSystem {
  const methods = operations.map((operation) => {
    const method = inner[operation].bind(inner) as (...given: unknown[]) => Promise<unknown>
    const guarded = (path: string, content?: unknown, access?: unknown): Promise<unknown> =>
      enter(operation, path) ?? method(path, content, access)
    return [operation, guarded]
  })
  return Object.fromEntries(methods) as FileSystem
}

/** A copy of everything below `folder`, as an image of a virtual machine makes it. */
export async function copyFiles(from: FileSystem, to: FileSystem, folder: string): Promise<void> {
  for (const name of await from.list(folder)) {
    const path = folder === '/' ? `/${name}` : `${folder}/${name}`
    const status = await from.status(path)
    const target = await from.readLink(path)
    if (target !== undefined) await to.replaceSymlink(path, target)
    else if (status?.type === 'directory') {
      await to.makeDirectory(path, { mode: status.mode })
      await copyFiles(from, to, path)
    } else if (status !== undefined)
      await to.replaceFile(path, await from.readFile(path), { mode: status.mode })
  }
  await to.syncDirectory(folder)
}

/** The end of a path, as a story tells it: keys are others each time, and a bundle's file is named after its root's. */
export function pathInStory(path: string): string {
  return path.replace(/^.*\/(?=.*\/)/, '…/').replace(/[0-9a-f]{64}/, 'of-the-root')
}

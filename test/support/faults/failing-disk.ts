import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/** Which calls below a folder fail with ENOSPC, counted from 1: one of them, or it and all after it. */
export type FullDisk = { readonly call: number; readonly until: 'next-call' | 'mended' }

/**
 * Takes the place of the calls of `node:fs/promises` that need room on the disk, for paths below `folder`: to open a
 * file that is created, to write, to fsync, to rename, to make a folder or a link. So the code under test runs on the
 * real file system, and meets the error where the system would give it.
 */
export interface FailingDisk {
  /** From now on calls are counted, and fail as told. */
  begin(full?: FullDisk): void
  /** There is room again. Gives back how many calls there were. */
  mend(): number
  /** Takes the original calls back. */
  close(): void
}

type Call = (...given: never[]) => Promise<unknown>

export async function openFailingDisk(folder: string): Promise<FailingDisk> {
  const { promises } = fs
  const probe = await promises.open(folder)
  const handles = Object.getPrototypeOf(probe) as Record<string, Call>
  await probe.close()
  const ours = new WeakSet<object>()
  let full: FullDisk | undefined
  let isCounting = false
  let calls = 0

  const step = (): void => {
    if (!isCounting) return
    calls += 1
    if (full === undefined || calls < full.call) return
    if (full.until === 'next-call' && calls > full.call) return
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', errno: -28 })
  }
  const isBelow = (paths: readonly unknown[]): boolean =>
    paths.some((path) => typeof path === 'string' && path.startsWith(folder))

  const originals: [Record<string, Call>, string, Call][] = []
  const replace = (holder: Record<string, Call>, name: string, make: (original: Call) => Call): void => {
    const original = holder[name] as Call
    originals.push([holder, name, original])
    holder[name] = make(original)
  }
  const holder = promises as unknown as Record<string, Call>
  for (const name of ['mkdir', 'rename', 'symlink']) {
    replace(holder, name, (original) => async (...given) => {
      if (isBelow(given)) step()
      return original(...given)
    })
  }
  replace(holder, 'open', (original) => async (...given) => {
    const [path, flags] = given as unknown as [string, unknown]
    const isOurs = isBelow([path])
    if (isOurs && typeof flags === 'number' && (flags & fs.constants.O_CREAT) !== 0) step()
    const file = (await original(...given)) as FileHandle
    if (isOurs) ours.add(file)
    return file
  })
  for (const name of ['writeFile', 'sync']) {
    replace(
      handles,
      name,
      (original) =>
        async function (this: object, ...given) {
          if (ours.has(this)) step()
          return original.apply(this, given)
        },
    )
  }
  syncBuiltinESMExports()
  return {
    begin(next) {
      full = next
      calls = 0
      isCounting = true
    },
    mend() {
      isCounting = false
      full = undefined
      return calls
    },
    close() {
      for (const [place, name, original] of originals) place[name] = original
      syncBuiltinESMExports()
    },
  }
}

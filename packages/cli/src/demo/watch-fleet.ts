import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MayflyError } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { rotationsMissed, rotationsSeen, withInstalled } from './fleet/fleet-view.ts'
import { installedGeneration } from './installed-generation.ts'
import type { DemoFolders } from './setting/demo-folders.ts'
import { demoHosts } from './setting/demo-hosts.ts'
import { type Stage, until } from './stage.ts'
import { rotationsWanted } from './verdict.ts'

/** Three rotations take about a minute; a machine that is busy elsewhere may take longer. */
const rotationsLimitMs = 300_000
/** A generation that was just installed is seen by the next call, at the latest. */
const sightLimitMs = 60_000

/** Shows the fleet until every host was seen to rotate often enough. */
export function untilRotated(stage: Stage, folders: DemoFolders): Promise<void> {
  return until(stage, `${rotationsWanted} rotations of every host`, rotationsLimitMs, async () => {
    await lookAtFolders(stage, folders)
    return stage.fleet.hosts.every((host) => rotationsSeen(host) >= rotationsWanted)
  })
}

/** Shows the fleet until a peer has seen everything that is installed. */
export function untilSeen(stage: Stage, folders: DemoFolders): Promise<void> {
  return until(stage, 'the sight of the newest generations', sightLimitMs, async () => {
    await lookAtFolders(stage, folders)
    return stage.fleet.hosts.every((host) => rotationsMissed(host) === 0)
  })
}

/** The folder of the generation before the live one. */
export async function previousGeneration(folders: DemoFolders, name: string): Promise<string> {
  const archive = join(folders.host(name).live, '..', 'archive', name)
  const found = await installedGeneration(join(folders.host(name).live, name))
  const older = (await readdir(archive)).filter((entry) => Number(entry) < (found?.generation ?? 0)).sort()
  const last = older.at(-1)
  if (last === undefined) throw new MayflyError('file-missing', `${archive}: no older generation is left`)
  return join(archive, last)
}

async function lookAtFolders(stage: Stage, folders: DemoFolders): Promise<void> {
  for (const { name } of Object.values(demoHosts)) {
    const found = await installedGeneration(join(folders.host(name).live, name))
    if (found !== undefined) stage.fleet = withInstalled(stage.fleet, name, found)
  }
  stage.screen.show(stage.fleet, systemClock.now())
}

import { execFile } from 'node:child_process'
import { chown } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/** The user of that name, as a Debian package makes it. */
export async function systemUser(name: string): Promise<SystemUser> {
  const { stdout } = await run('getent', ['passwd', name])
  const [, , uid, gid] = stdout.split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

/** Gives a server's own folder to the user that it runs as. */
export async function giveFolder(folder: string, name: string): Promise<SystemUser> {
  const user = await systemUser(name)
  await chown(folder, user.uid, user.gid)
  return user
}

import { dirname } from 'node:path'
import { type FileAccess, type FileStatus, type FileSystem, MayflyError } from '@mayfly/ca-core'
import { readSecret } from '@mayfly/platform'
import type { CertificateSettings } from '../configuration/certificate-settings.ts'
import { type CertificateFiles, installedGeneration } from '../installing/installed-generation.ts'
import { liveFolderExists } from '../installing/live-folder.ts'
import { archivePath, livePath } from '../installing/paths.ts'
import { requireSafeFolders } from '../installing/safe-folders.ts'
import type { CheckPorts } from './check-ports.ts'
import { type Finding, failed, good, type Outcome, tryOut, warning } from './finding.ts'
import { nearestFolder, tryFolder } from './try-folder.ts'

export interface FilesSubject {
  readonly name: string
  readonly live: string
  readonly settings: CertificateSettings
  readonly access: FileAccess
}

/** Whether a generation can be written, switched to, and read by the one it is for. */
export async function checkFiles(subject: FilesSubject, ports: CheckPorts): Promise<Finding[]> {
  const { name, live, settings, access } = subject
  const place = { fileSystem: ports.fileSystem, live, name }
  const folders = [archivePath(live, name), dirname(livePath(live, name))]
  const written = await Promise.all(
    folders.map((folder) =>
      tryOut({ check: 'folders', certificate: name }, async () => {
        await tryFolder(ports, folder, access)
        return good(`key files can be written to ${folder}, with their owner and mode`)
      }),
    ),
  )
  return [
    ...written.flat(),
    ...(await tryOut({ check: 'folders', certificate: name }, () => checkSafety(place))),
    ...(await tryOut({ check: 'folders', certificate: name }, () => checkPassage(subject, ports.fileSystem))),
    ...(await tryOut({ check: 'files', certificate: name }, () => checkInstalled(place))),
    ...(await tryOut({ check: 'files', certificate: name }, () => checkPassword(settings, ports.fileSystem))),
  ]
}

async function checkSafety(place: CertificateFiles): Promise<Outcome> {
  await requireSafeFolders(place)
  return good('nobody else can put links into the folders of the files')
}

/** A key that its owner may read is of no use in a folder that they may not enter. */
async function checkPassage({ live, access }: FilesSubject, fileSystem: FileSystem): Promise<Outcome[]> {
  if (access.uid === undefined && access.gid === undefined) return []
  if (access.uid === 0 && access.gid === undefined) return []
  for (
    let folder = await nearestFolder(fileSystem, live);
    folder !== dirname(folder);
    folder = dirname(folder)
  ) {
    const present = await fileSystem.status(folder)
    if (present !== undefined && !mayEnter(present, access)) {
      const run = `Run: chmod o+x ${folder}`
      return [
        failed('permission-denied', `${folder} cannot be entered by the owner or group of the files. ${run}`),
      ]
    }
  }
  return [good('the owner and group of the files can reach them')]
}

function mayEnter({ type, mode, uid, gid }: FileStatus, access: FileAccess): boolean {
  if (type !== 'directory') return true
  const owns = access.uid !== undefined && uid === access.uid && (mode & 0o100) !== 0
  const shares = access.gid !== undefined && gid === access.gid && (mode & 0o010) !== 0
  return (mode & 0o001) !== 0 || owns || shares
}

async function checkInstalled(place: CertificateFiles): Promise<Outcome> {
  await liveFolderExists(place.fileSystem, place.live)
  const installed = await installedGeneration(place)
  switch (installed.kind) {
    case 'generation':
      return good(`generation ${installed.number} is installed`)
    case 'none':
      return warning('file-missing', 'nothing is installed yet. Start the agent, which does it.')
    case 'dangling':
      return warning(
        'file-missing',
        `generation ${installed.number} is gone from the archive. Start the agent, which puts it back.`,
      )
    case 'foreign':
      return failed('file-exists', `${installed.path} is in the way: ${installed.reason}. Move it away.`)
  }
}

async function checkPassword(
  { formats, keystorePasswordFile: file }: CertificateSettings,
  fileSystem: FileSystem,
): Promise<Outcome[]> {
  if (!formats.includes('pkcs12')) return []
  if (file === undefined) throw new MayflyError('config-invalid', 'pkcs12 needs keystorePasswordFile.')
  await readSecret({ file }, { fileSystem, environment: {} })
  return [good(`the password of the PKCS #12 stores can be read from ${file}`)]
}

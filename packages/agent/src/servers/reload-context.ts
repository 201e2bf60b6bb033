import { type CertificateFiles, installedGeneration } from '../installing/installed-generation.ts'
import { generationPath, livePath } from '../installing/paths.ts'
import type { ReloadContext } from './server-control.ts'

/** The folders that a server is to load from now. */
export async function reloadContext(files: CertificateFiles): Promise<ReloadContext> {
  const { live, name } = files
  const installed = await installedGeneration(files)
  const liveFolder = livePath(live, name)
  const number = 'number' in installed ? installed.number : undefined
  return {
    liveFolder,
    generationFolder: number === undefined ? liveFolder : generationPath(live, name, number),
  }
}

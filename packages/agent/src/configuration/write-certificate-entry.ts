import { dirname } from 'node:path'
import { type FileAccess, type FileSystem, isMayflyError, MayflyError } from '@mayfly/ca-core'
import { parseYamlConfiguration } from '@mayfly/platform'
import { type Document, isMap, parseDocument } from 'yaml'
import { type AgentConfiguration, agentConfigurationSchema } from './agent-configuration.ts'

/** What stands under a certificate in `agent.yaml`, as it would be written there. */
export type CertificateEntry = Readonly<Record<string, unknown>>

export interface NewFileSettings {
  /** Written only into a file that does not exist yet. */
  readonly state?: string
  readonly live?: string
}

const newFileAccess: FileAccess = { mode: 0o644 }
/** As of `/etc/mayfly`, below which servers that do not run as root find their files. */
const newFolderAccess: FileAccess = { mode: 0o755 }

/**
 * The text of `agent.yaml` with `entry` under `certificates.<name>`. What stands there already stays, comments
 * and order included; keys that `entry` has are set. The result is checked as the agent will read it.
 *
 * @throws MayflyError `config-invalid` with the place of a mistake that is in `text`, or with the key of one in `entry`
 */
export function addCertificateEntry(
  text: string,
  path: string,
  name: string,
  entry: CertificateEntry,
  settings: NewFileSettings = {},
): { readonly text: string; readonly configuration: AgentConfiguration } {
  const document: Document = parseDocument(text)
  if (document.errors.length > 0) parseYamlConfiguration(text, path, agentConfigurationSchema)
  if (document.contents === null) document.contents = document.createNode(definedOf(settings))
  if (!isMap(document.contents)) {
    throw new MayflyError('config-invalid', `${path}:1:1: must be a list of keys and values`, {
      details: { path },
    })
  }
  setEntry(document, name, definedOf(entry))
  const written = document.toString({ lineWidth: 0 })
  try {
    return { text: written, configuration: parseYamlConfiguration(written, path, agentConfigurationSchema) }
  } catch (error) {
    if (!isMayflyError(error, 'config-invalid')) throw error
    // What was wrong before is told with its place in the file.
    parseYamlConfiguration(text, path, agentConfigurationSchema)
    throw wrongEntry(error, path)
  }
}

/** The lines that `error` names are of a text that nobody will see: what is wrong was said with the entry. */
function wrongEntry(error: MayflyError, path: string): MayflyError {
  const reasons = error.message
    .split('\n')
    .map((line) => line.replace(`${path}:`, '').replace(/^\d+:\d+: /, ''))
  const message = `${path} was not changed: what was asked for cannot stand there.\n${reasons.join('\n')}`
  return new MayflyError('config-invalid', message, { details: { path, problems: reasons }, cause: error })
}

/** Makes the folder of the file at `path` where there is none; one that is there is left as it is. */
export async function prepareConfigurationFolder(fileSystem: FileSystem, path: string): Promise<void> {
  const folder = dirname(path)
  if ((await fileSystem.status(folder)) === undefined) await fileSystem.makeDirectory(folder, newFolderAccess)
}

/** Writes the entry into the file at `path`, which is made if it does not exist. Nothing is written if nothing changes. */
export async function writeCertificateEntry(
  fileSystem: FileSystem,
  path: string,
  name: string,
  entry: CertificateEntry,
  settings: NewFileSettings = {},
): Promise<AgentConfiguration> {
  const before = await readConfigurationText(fileSystem, path)
  const { text, configuration } = addCertificateEntry(before ?? '', path, name, entry, settings)
  if (text !== before) {
    await fileSystem.replaceFile(path, new TextEncoder().encode(text), await accessOf(fileSystem, path))
  }
  return configuration
}

function setEntry(document: Document, name: string, entry: CertificateEntry): void {
  if (!isMap(document.getIn(['certificates', name]))) {
    if (!isMap(document.get('certificates'))) document.set('certificates', document.createNode({}))
    document.setIn(['certificates', name], document.createNode(entry))
    return
  }
  for (const [key, value] of Object.entries(entry)) {
    document.setIn(['certificates', name, key], document.createNode(value))
  }
}

function definedOf(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

/** `undefined` where there is no file yet. */
export async function readConfigurationText(
  fileSystem: FileSystem,
  path: string,
): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await fileSystem.readFile(path))
  } catch (error) {
    if (isMayflyError(error, 'file-missing')) return undefined
    throw error
  }
}

/** An existing file keeps its owner and mode. */
async function accessOf(fileSystem: FileSystem, path: string): Promise<FileAccess> {
  const present = await fileSystem.status(path)
  if (present?.type !== 'file') return newFileAccess
  return { mode: present.mode, uid: present.uid, gid: present.gid }
}

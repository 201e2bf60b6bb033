import { join } from 'node:path'
import { type FileSystem, MayflyError, type Name, nameCovers, parseName, parseNames } from '@mayfly/ca-core'
import { parseHostPort } from '@mayfly/platform'
import type { CertificateEntry } from '../configuration/write-certificate-entry.ts'
import type { PresetName } from '../servers/presets/preset-name.ts'
import { flags, type ServerDefaults, serverDefaults } from './server-defaults.ts'

/** What a person said of the server on the command line. */
export interface EntryWishes {
  readonly preset?: PresetName
  /** Options of the preset, as they stand under `reload`. */
  readonly reload?: Readonly<Record<string, unknown>>
  /** `host:port` each; `false` where nothing is to be probed. */
  readonly probe?: readonly string[] | false
  readonly serverName?: string
  readonly formats?: readonly string[]
  readonly owner?: string
  readonly group?: string
  readonly mode?: string
  /** Keys that are taken over as they are. */
  readonly others?: Readonly<Record<string, unknown>>
}

/** Of the token. */
export interface EntrySubject {
  readonly names: readonly string[]
  readonly profile: 'server' | 'client' | 'peer'
}

/**
 * What is to stand under the certificate in `agent.yaml`: what was wished, and for the rest what its server
 * most often needs.
 *
 * @throws MayflyError `usage` where only the operator can know
 */
export async function composeEntry(
  wishes: EntryWishes,
  subject: EntrySubject,
  fileSystem: FileSystem,
): Promise<CertificateEntry> {
  const { preset, formats, owner, group, mode } = wishes
  const defaults = preset === undefined ? {} : serverDefaults[preset]
  const reload = await composeReload(wishes, defaults, fileSystem)
  const probe = subject.profile === 'client' ? (wishes.probe ?? false) : composeProbe(wishes, defaults)
  requireAll(preset, defaults, { ...reload, probe })
  const endpoints = (probe === false ? [] : probe).map((endpoint) =>
    typeof endpoint === 'string' ? { connect: endpoint } : endpoint,
  )
  return definedOf({
    ...wishes.others,
    owner,
    group: group ?? defaults.access?.group,
    mode: mode ?? defaults.access?.mode,
    formats: listOrNothing([...new Set([...(defaults.formats ?? []), ...(formats ?? [])])]),
    reload: Object.keys(reload).length > 0 ? reload : undefined,
    probe: listOrNothing(
      endpoints.map((endpoint) => ({
        ...endpoint,
        ...serverNameOf(endpoint.connect, wishes.serverName, subject),
      })),
    ),
  })
}

interface Endpoint {
  readonly connect: string
  readonly protocol?: string
}

async function composeReload(
  { preset, reload = {} }: EntryWishes,
  defaults: ServerDefaults,
  fileSystem: FileSystem,
): Promise<Record<string, unknown>> {
  const given = definedOf(reload)
  // A socket or unit that was named takes the place of the address that would have been guessed.
  const guessed = 'socket' in given ? {} : defaults.reload
  const pidFile = 'pidFile' in given ? undefined : await findPidFile(defaults, fileSystem)
  return definedOf({ preset, ...guessed, pidFile, ...given })
}

async function findPidFile(
  { pidFiles }: ServerDefaults,
  fileSystem: FileSystem,
): Promise<string | undefined> {
  if (pidFiles === undefined) return undefined
  const [found, ...more] = (await fileSystem.list(pidFiles.folder)).filter((name) =>
    pidFiles.pattern.test(name),
  )
  return found === undefined || more.length > 0 ? undefined : join(pidFiles.folder, found)
}

function composeProbe(
  { probe }: EntryWishes,
  defaults: ServerDefaults,
): readonly (string | Endpoint)[] | false {
  if (probe === false) return false
  const { protocol } = defaults.probe ?? {}
  if (probe !== undefined)
    return probe.map((connect) => ({ connect, ...(protocol !== undefined && { protocol }) }))
  if (defaults.probe === undefined) return []
  return [{ connect: `127.0.0.1:${defaults.probe.port}`, ...(protocol !== undefined && { protocol }) }]
}

function requireAll(
  preset: PresetName | undefined,
  { needs = [] }: ServerDefaults,
  entry: Readonly<Record<string, unknown>>,
): void {
  const missing = needs.filter((key) => entry[key] === undefined || isEmpty(entry[key]))
  if (missing.length === 0) return
  const asked = missing.map((key) => (key === 'probe' ? '--probe host:port (or --no-probe)' : flags[key]))
  throw new MayflyError('usage', `The preset ${preset} needs ${asked.join(' and ')}.`)
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** The port is asked for under a name that the certificate has: the address of this machine is most often none. */
function serverNameOf(
  connect: string,
  wished: string | undefined,
  { names }: EntrySubject,
): { serverName?: string } {
  if (wished !== undefined) return { serverName: wished }
  const host = parseHostPort(connect)?.host
  const own = parseNames([...names])
  if (host === undefined || own.some((name) => nameCovers(name, parseName(host)))) return {}
  const name = own.find(({ type }) => type === 'dns') ?? own.find(({ type }) => type === 'ip')
  return name === undefined ? {} : { serverName: plainNameOf(name) }
}

/** Any name that a wildcard covers does. */
function plainNameOf({ value }: Name): string {
  return value.replace(/^\*/, 'www')
}

function listOrNothing<Item>(list: readonly Item[]): readonly Item[] | undefined {
  return list.length === 0 ? undefined : list
}

function definedOf(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

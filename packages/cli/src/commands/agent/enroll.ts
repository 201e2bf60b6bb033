import { dirname, join, resolve } from 'node:path'
import {
  composeEntry,
  type Enrolment,
  type EntryWishes,
  enroll,
  localPorts,
  type PresetName,
  readAgentConfiguration,
} from '@mayfly/agent'
import { formatInstant, type KeyType, readEnrolmentToken } from '@mayfly/ca-core'
import { readSecret } from '@mayfly/platform'
import { exitCodes } from '../../errors/exit-codes.ts'
import type { JsonOf } from '../../json/json-fields.ts'
import { installUnit, requireUnitRights, type UnitOptions } from '../../systemd/install-unit.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import { tellProgress } from '../progress.ts'
import type { Session } from '../session.ts'
import type { agentEnrollJson } from './agent-json.ts'
import { setbackToJson } from './setback-to-json.ts'

export interface AgentEnrollOptions extends UnitOptions {
  readonly token?: string
  readonly tokenFile?: string
  readonly config: string
  readonly name?: string
  readonly state?: string
  readonly live?: string
  readonly preset?: PresetName
  readonly pidFile?: string
  readonly unit?: string
  readonly socket?: string
  readonly connect?: string
  readonly signal?: string
  readonly command?: readonly string[]
  readonly program?: string
  readonly serverConfig?: string
  readonly user?: string
  readonly passwordFile?: string
  /** `false` after `--no-probe`. */
  readonly probe?: readonly string[] | false
  readonly serverName?: string
  readonly owner?: string
  readonly group?: string
  readonly mode?: string
  readonly format?: readonly string[]
  readonly keystorePasswordFile?: string
  readonly keyType?: KeyType
  readonly json?: boolean
}

/** `mayfly agent enroll` */
export async function agentEnroll(
  given: AgentEnrollOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof agentEnrollJson>>> {
  const options = withWholePaths(given)
  const { config: configPath, name, state, live } = options
  requireUnitRights(options)
  const token = await readToken(options, session)
  const entry = await composeEntry(entryWishes(options), readEnrolmentToken(token), session.fileSystem)
  tellProgress(session, 'Asking the issuer for the first certificate…')
  const ports = localPorts()
  try {
    const enrolment = await enroll(
      {
        token,
        configPath,
        entry,
        newFile: { ...(state !== undefined && { state }), ...(live !== undefined && { live }) },
        ...(name !== undefined && { name }),
      },
      ports,
    )
    const needs = { writes: await writtenFolders(configPath, session) }
    const units = await installUnit('mayfly-agent', options, configPath, session, needs)
    return describe(enrolment, units)
  } finally {
    await ports.transport.close()
  }
}

/** `agent.yaml` is read from anywhere: what was said in terms of this folder is written whole. */
function withWholePaths(options: AgentEnrollOptions): AgentEnrollOptions {
  const paths = [
    'config',
    'state',
    'live',
    'keystorePasswordFile',
    'passwordFile',
    'pidFile',
    'socket',
    'serverConfig',
  ] as const
  const whole = paths.flatMap((name) => {
    const path = options[name]
    return path === undefined || path === '' ? [] : [[name, resolve(path)]]
  })
  return { ...options, ...Object.fromEntries(whole) }
}

/** The agent makes the archive beside the live folder. */
async function writtenFolders(configPath: string, { fileSystem }: Session): Promise<string[]> {
  const { state, live } = await readAgentConfiguration(fileSystem, configPath)
  return [state, live, join(dirname(live), 'archive')]
}

async function readToken({ token, tokenFile }: AgentEnrollOptions, session: Session): Promise<string> {
  if (token !== undefined) return token
  const { fileSystem, environment, terminal } = session
  const source = tokenFile === undefined ? { prompt: 'Enrolment token: ' } : { file: tokenFile }
  const secret = await readSecret(source, { fileSystem, environment, ask: terminal.askSecret })
  return Buffer.from(secret).toString('utf8').trim()
}

/** What was said of the certificate and its server. */
export function entryWishes(options: AgentEnrollOptions): EntryWishes {
  const { preset, probe, serverName, owner, group, mode, format, keyType, keystorePasswordFile } = options
  const wishes = { preset, probe, serverName, owner, group, mode, formats: format }
  return {
    ...(Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined)) as EntryWishes),
    reload: reloadWishes(options),
    others: { keyType, keystorePasswordFile },
  }
}

function reloadWishes(options: AgentEnrollOptions): Record<string, unknown> {
  const { pidFile, unit, socket, connect, signal, command, program, user, passwordFile } = options
  const isCaddy = options.preset === 'caddy'
  // Caddy calls that address admin.
  const address = isCaddy ? { admin: connect } : { connect }
  const common = { pidFile, unit, socket, signal, command, program, user, passwordFile }
  return { ...common, ...address, configuration: options.serverConfig }
}

function describe(
  { name, identity, serial, notAfter, configPath, installation }: Enrolment,
  units: readonly string[],
): Answer<JsonOf<typeof agentEnrollJson>> {
  const isFailed = installation.is === 'failed'
  return {
    json: {
      name,
      identity,
      serial,
      notAfter: formatInstant(notAfter),
      config: configPath,
      installation: installationToJson(installation),
      units,
    },
    lines: [
      heading(
        isFailed
          ? 'This host has joined, but the certificate could not be installed.'
          : 'This host has joined.',
      ),
      ...columns([
        ['Certificate', name],
        ['Identity', identity],
        ['Serial', serial],
        ['Until', formatInstant(notAfter)],
        ['Installation', describeInstallation(installation)],
        ['Configuration', configPath],
        ...units.map((unit) => ['Unit', unit] as const),
      ]),
      '',
      nextStep(installation, units),
    ],
    exitCode: isFailed ? exitCodes[installation.setback.code] : 0,
  }
}

type InstallationJson = JsonOf<typeof agentEnrollJson>['installation']

function installationToJson(installation: Enrolment['installation']): InstallationJson {
  if (installation.is === 'left-to-agent') return installation
  if (installation.is === 'failed') return { is: 'failed', setback: setbackToJson(installation.setback) }
  const { setback, ...rest } = installation
  return { ...rest, ...(setback && { setback: setbackToJson(setback) }) }
}

function nextStep({ is }: Enrolment['installation'], units: readonly string[]): string {
  if (is === 'left-to-agent') return 'The running agent keeps it fresh: mayfly agent status'
  return units.length > 0 ? 'Start it: systemctl start mayfly-agent' : 'Keep it fresh: mayfly agent run'
}

function describeInstallation(installation: Enrolment['installation']): string {
  switch (installation.is) {
    case 'installed':
      return `generation ${installation.generation}, ${describeServing(installation)}`
    case 'left-to-agent':
      return 'left to the running agent'
    case 'failed':
      return `${installation.setback.message} (${installation.setback.code})`
  }
}

function describeServing({
  served,
  servedSerials,
  setback,
}: {
  readonly served: boolean
  readonly servedSerials: readonly string[]
  readonly setback?: { readonly message: string }
}): string {
  if (served) return servedSerials.length === 0 ? 'installed; no port is looked at' : 'served'
  return setback === undefined ? 'not served yet' : `not served yet: ${setback.message}`
}

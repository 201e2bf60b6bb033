import { type CertificateEntry, type Enrolment, enroll, localPorts } from '@mayfly/agent'
import { formatInstant, type KeyType } from '@mayfly/ca-core'
import { readSecret } from '@mayfly/platform'
import { exitCodes } from '../../errors/exit-codes.ts'
import { installUnit, requireUnitRights, type UnitOptions } from '../../systemd/install-unit.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import { tellProgress } from '../progress.ts'
import type { Session } from '../session.ts'

export interface AgentEnrollOptions extends UnitOptions {
  readonly token?: string
  readonly tokenFile?: string
  readonly config: string
  readonly name?: string
  readonly state?: string
  readonly live?: string
  readonly preset?: string
  readonly pidFile?: string
  readonly unit?: string
  readonly probe?: readonly string[]
  readonly serverName?: string
  readonly owner?: string
  readonly group?: string
  readonly mode?: string
  readonly format?: readonly string[]
  readonly keyType?: KeyType
  readonly json?: boolean
}

/** `mayfly agent enroll` */
export async function agentEnroll(options: AgentEnrollOptions, session: Session): Promise<Answer> {
  const { config: configPath, name, state, live } = options
  requireUnitRights(options)
  const token = await readToken(options, session)
  tellProgress(session, 'Asking the issuer for the first certificate…')
  const ports = localPorts()
  try {
    const enrolment = await enroll(
      {
        token,
        configPath,
        entry: certificateEntry(options),
        newFile: { ...(state !== undefined && { state }), ...(live !== undefined && { live }) },
        ...(name !== undefined && { name }),
      },
      ports,
    )
    return describe(enrolment, await installUnit('mayfly-agent', options, configPath, session))
  } finally {
    await ports.transport.close()
  }
}

async function readToken({ token, tokenFile }: AgentEnrollOptions, session: Session): Promise<string> {
  if (token !== undefined) return token
  const { fileSystem, environment, terminal } = session
  const source = tokenFile === undefined ? { prompt: 'Enrolment token: ' } : { file: tokenFile }
  const secret = await readSecret(source, { fileSystem, environment, ask: terminal.askSecret })
  return Buffer.from(secret).toString('utf8').trim()
}

/** What is to stand under the certificate in `agent.yaml`: only what was asked for. */
export function certificateEntry(options: AgentEnrollOptions): CertificateEntry {
  const { owner, group, mode, format, keyType, probe, serverName } = options
  const entry: Record<string, unknown> = {
    keyType,
    owner,
    group,
    mode,
    formats: format,
    reload: reloadEntry(options),
  }
  if (probe !== undefined)
    entry.probe = probe.map((connect) => (serverName === undefined ? { connect } : { connect, serverName }))
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined))
}

function reloadEntry({ preset, pidFile, unit }: AgentEnrollOptions): Record<string, string> | undefined {
  const entry = {
    ...(preset !== undefined && { preset }),
    ...(pidFile !== undefined && { pidFile }),
    ...(unit !== undefined && { unit }),
  }
  return Object.keys(entry).length === 0 ? undefined : entry
}

function describe(
  { name, identity, serial, notAfter, configPath, installation }: Enrolment,
  units: readonly string[],
): Answer {
  const isFailed = installation.is === 'failed'
  return {
    json: {
      name,
      identity,
      serial,
      notAfter: formatInstant(notAfter),
      config: configPath,
      installation,
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
      units.length > 0 ? 'Start it: systemctl start mayfly-agent' : 'Keep it fresh: mayfly agent run',
    ],
    exitCode: isFailed ? exitCodes[installation.setback.code] : 0,
  }
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
  setback,
}: {
  readonly served: boolean
  readonly setback?: { readonly message: string }
}): string {
  if (served) return 'served'
  return setback === undefined ? 'not served yet' : `not served yet: ${setback.message}`
}

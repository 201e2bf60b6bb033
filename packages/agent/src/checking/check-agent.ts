import { type ErrorCode, type FileAccess, MayflyError, parsePrivateKey } from '@mayfly/ca-core'
import { resolveAccess } from '@mayfly/platform'
import { type AgentConfiguration, readAgentConfiguration } from '../configuration/agent-configuration.ts'
import type { CertificateSettings } from '../configuration/certificate-settings.ts'
import { localServers } from '../rotation/local-servers.ts'
import { openBundleShelf } from '../state/bundle-shelf.ts'
import type { HeldBundle } from '../state/held-bundle.ts'
import { type LineageState, liveGeneration } from '../state/lineage-state.ts'
import { openLineageStore } from '../state/lineage-store.ts'
import { checkEnrolment, checkHeldBundle } from './check-enrolment.ts'
import { checkFiles } from './check-files.ts'
import { checkHost } from './check-host.ts'
import { checkIssuers } from './check-issuers.ts'
import { checkLiveFiles } from './check-live-files.ts'
import type { CheckPorts } from './check-ports.ts'
import { checkServer, type ServerSubject } from './check-server.ts'
import { type Finding, failed, type Outcome, tryOut, tryToGet, warning } from './finding.ts'

export interface CheckReport {
  /** What was tried, in the order of a rotation. */
  readonly findings: readonly Finding[]
  /** Of the first thing that a rotation would fail at; absent where it would work. */
  readonly failure?: ErrorCode
}

/**
 * Tries everything that a rotation will need, without rotating: what fails here would fail then. Nothing is
 * changed but for small files that are written and removed again.
 *
 * @throws MayflyError `config-invalid` naming file, line and key; `usage` for a name that is not configured
 */
export async function checkAgent(
  { configPath, names }: { readonly configPath: string; readonly names?: readonly string[] },
  ports: CheckPorts,
): Promise<CheckReport> {
  const configuration = await readAgentConfiguration(ports.fileSystem, configPath)
  const chosen = names ?? Object.keys(configuration.certificates)
  const findings = await checkHost(configuration, ports)
  const isAgentRunning = findings.some(({ check, result }) => check === 'running' && result === 'good')
  for (const name of chosen) {
    const settings = configuration.certificates[name]
    if (settings === undefined) throw new MayflyError('usage', `${configPath} has no certificate ${name}.`)
    findings.push(...(await checkOne({ name, settings, configuration, isAgentRunning }, ports)))
  }
  const failure = findings.find(({ result }) => result === 'failed')
  return { findings, ...(failure?.result === 'failed' && { failure: failure.code }) }
}

interface Checked {
  readonly name: string
  readonly settings: CertificateSettings
  readonly configuration: AgentConfiguration
  readonly isAgentRunning: boolean
}

async function checkOne(checked: Checked, ports: CheckPorts): Promise<Finding[]> {
  const { name, settings } = checked
  const lineage = await readLineage(checked, ports)
  const state = lineage.value
  const shelf = await readShelf(checked, state, ports)
  const held = shelf.value
  const urls = settings.issuers ?? state?.issuerUrls ?? []
  const issuers = held === undefined ? [] : await checkIssuers(name, urls, held.bundle, ports)
  const access = await tryToGet({ check: 'access', certificate: name }, async () => ({
    value: await resolveAccess(settings, ports),
    outcomes: [],
  }))
  const files =
    access.value === undefined ? [] : await checkAllFiles(checked, access.value, { state, held }, ports)
  const server = await checkServer(serverSubject(checked, state, held), ports)
  return [lineage.findings, shelf.findings, issuers, access.findings, files, server].flat()
}

/** The folders, and then what lies in them. */
async function checkAllFiles(
  { name, settings, configuration, isAgentRunning }: Checked,
  access: FileAccess,
  { state, held }: { readonly state: LineageState | undefined; readonly held: HeldBundle | undefined },
  ports: CheckPorts,
): Promise<Finding[]> {
  const { live } = configuration
  const findings = await checkFiles({ name, live, settings, access }, ports)
  // What is in the way of the live files is told already.
  const isInPlace = findings.every(({ check, result }) => check !== 'files' || result === 'good')
  if (state === undefined || held === undefined || !isInPlace) return findings
  const servers = localServers({ ...ports, live, name, settings, onWarning: () => undefined })
  const subject = { live, name, access, state, held, isAgentRunning }
  const contents = await tryOut({ check: 'files', certificate: name }, () =>
    checkLiveFiles(subject, { fileSystem: ports.fileSystem, servers }),
  )
  return [...findings, ...contents]
}

function readLineage({ name, settings, configuration }: Checked, { fileSystem, clock }: CheckPorts) {
  return tryToGet({ check: 'enrolment', certificate: name }, async () => {
    const store = openLineageStore(fileSystem, configuration.state, name)
    const value = await store.read()
    if (value !== undefined) return { value, outcomes: checkEnrolment(value, settings, clock.now()) }
    const isAnswered = (await store.readEnrolment())?.answered !== undefined
    return { value, outcomes: isAnswered ? notTakenUp : notEnrolled(name) }
  })
}

async function readShelf(
  { name, configuration }: Checked,
  state: LineageState | undefined,
  { fileSystem }: CheckPorts,
): Promise<{ readonly findings: Finding[]; readonly value?: HeldBundle | undefined }> {
  if (state === undefined) return { findings: [] }
  return tryToGet({ check: 'bundle', certificate: name }, async () => {
    const value = await openBundleShelf(fileSystem, configuration.state).held(state.rootFingerprint)
    return { value, outcomes: checkHeldBundle(value) }
  })
}

function notEnrolled(name: string): Outcome {
  return failed(
    'lineage-unknown',
    `it is not enrolled. Run \`mayfly token create\` at the issuer, then \`mayfly agent enroll TOKEN --name ${name}\` here.`,
  )
}

const notTakenUp: Outcome = warning(
  'lineage-unknown',
  'it was enrolled, and the agent has not taken it up yet. Start the agent.',
)

function serverSubject(
  { name, settings, configuration }: Checked,
  state: LineageState | undefined,
  held: HeldBundle | undefined,
): ServerSubject {
  const subject = { name, live: configuration.live, settings }
  const serial = state === undefined ? undefined : liveGeneration(state)?.serial
  const credential = [state?.head, state?.candidate].find((one) => one !== undefined && one.serial === serial)
  if (credential === undefined || held === undefined) return subject
  const { chainPem, keyPem } = credential
  const clientMaterial = { chainPem, keyPair: parsePrivateKey(keyPem) }
  return { ...subject, expected: { serial: credential.serial, bundle: held.bundle, clientMaterial } }
}

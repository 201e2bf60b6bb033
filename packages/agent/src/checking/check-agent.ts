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
import { isOvertaken, type LineageMoment, momentOf, settledMoment } from './lineage-moment.ts'

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

/** What a rotation overtakes is looked at anew; two rotations in a row have a cause of their own. */
const looksMax = 2

async function checkOne(checked: Checked, ports: CheckPorts): Promise<Finding[]> {
  for (let looks = 1; ; looks++) {
    const lineage = await readLineage(checked, ports)
    const findings = await checkMoment(checked, lineage, ports)
    const after = await readMoment(checked, ports).catch(() => lineage.value)
    if (looks === looksMax || !isOvertaken(lineage.value, after)) return findings
  }
}

async function checkMoment(
  checked: Checked,
  lineage: { readonly findings: Finding[]; readonly value?: LineageMoment | undefined },
  ports: CheckPorts,
): Promise<Finding[]> {
  const { name, settings } = checked
  const { state, underWay } = lineage.value ?? {}
  const shelf = await readShelf(checked, state, ports)
  const held = shelf.value
  const urls = settings.issuers ?? state?.issuerUrls ?? []
  const issuers = held === undefined ? [] : await checkIssuers(name, urls, held.bundle, ports)
  const access = await tryToGet({ check: 'access', certificate: name }, async () => ({
    value: await resolveAccess(settings, ports),
    outcomes: [],
  }))
  const files =
    access.value === undefined
      ? []
      : await checkAllFiles(checked, access.value, { state, underWay, held }, ports)
  // Its ports serve the one before or the new one, and both are right.
  const expectedState = underWay === undefined ? state : undefined
  const server = await checkServer(serverSubject(checked, expectedState, held), ports)
  return [lineage.findings, shelf.findings, issuers, access.findings, files, server].flat()
}

interface FilesExpected {
  readonly state: LineageState | undefined
  readonly underWay: number | undefined
  readonly held: HeldBundle | undefined
}

/** The folders, and then what lies in them. */
async function checkAllFiles(
  { name, settings, configuration, isAgentRunning }: Checked,
  access: FileAccess,
  { state, underWay, held }: FilesExpected,
  ports: CheckPorts,
): Promise<Finding[]> {
  const { live } = configuration
  const findings = await checkFiles({ name, live, settings, access }, ports)
  // What is in the way of the live files is told already.
  const isInPlace = findings.every(({ check, result }) => check !== 'files' || result === 'good')
  if (state === undefined || held === undefined || !isInPlace) return findings
  const servers = localServers({ ...ports, live, name, settings, onWarning: () => undefined })
  const subject = { live, name, access, state, underWay, held, isAgentRunning }
  const contents = await tryOut({ check: 'files', certificate: name }, () =>
    checkLiveFiles(subject, { fileSystem: ports.fileSystem, servers }),
  )
  return [...findings, ...contents]
}

function readLineage(checked: Checked, ports: CheckPorts) {
  const { name, settings, configuration, isAgentRunning } = checked
  return tryToGet({ check: 'enrolment', certificate: name }, async () => {
    const read = () => readMoment(checked, ports)
    const value = await (isAgentRunning ? settledMoment(read, ports) : read())
    if (value !== undefined)
      return { value, outcomes: checkEnrolment(value.state, settings, ports.clock.now()) }
    const store = openLineageStore(ports.fileSystem, configuration.state, name)
    const isAnswered = (await store.readEnrolment())?.answered !== undefined
    return { value, outcomes: isAnswered ? notTakenUp : notEnrolled(name) }
  })
}

async function readMoment(
  { name, configuration: { state: folder, live } }: Checked,
  { fileSystem }: CheckPorts,
): Promise<LineageMoment | undefined> {
  const state = await openLineageStore(fileSystem, folder, name).read()
  return state && momentOf(state, { live, name }, { fileSystem })
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

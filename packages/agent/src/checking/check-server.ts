import type { CertificateSettings } from '../configuration/certificate-settings.ts'
import { formatEndpoint, type ProbeEndpoint } from '../probing/endpoint.ts'
import { type ProbeOptions, probeEndpoint } from '../probing/probe-endpoint.ts'
import type { ProbeResult } from '../probing/probe-result.ts'
import { prepareServer } from '../servers/prepare-server.ts'
import { reloadContext } from '../servers/reload-context.ts'
import type { CheckPorts } from './check-ports.ts'
import { type Finding, failed, good, type Outcome, tryOut, warning } from './finding.ts'

export interface ServerSubject {
  readonly name: string
  readonly live: string
  readonly settings: CertificateSettings
  /** What the live ports should serve; absent before anything is installed. */
  readonly expected?: { readonly serial: string } & ProbeOptions
}

/** Whether the server runs, may be told to reload, passes its own test, and serves what is installed. */
export async function checkServer(subject: ServerSubject, ports: CheckPorts): Promise<Finding[]> {
  const { name: certificate, live, settings } = subject
  const { fileSystem } = ports
  const { preset } = settings.reload
  const control = prepareServer(settings.reload, ports)
  const context = await reloadContext({ fileSystem, live, name: certificate })
  const isNone = preset === 'none'
  return [
    ...(await tryOut({ check: 'server', certificate }, async () => {
      await control.ready(context)
      return isNone ? [] : good(`${preset} can be told to load new files`)
    })),
    ...(await tryOut({ check: 'server-test', certificate }, async () => {
      await control.check(context)
      if (isNone) return []
      return control.untested === true
        ? good(`nothing tests the configuration of ${preset} before a reload`)
        : good(`${preset} finds nothing wrong with its configuration`)
    })),
    ...(await tryOut({ check: 'probe', certificate }, () => checkProbes(subject, ports))),
  ]
}

async function checkProbes({ settings, expected }: ServerSubject, ports: CheckPorts): Promise<Outcome[]> {
  const { probe: endpoints, reload } = settings
  if (endpoints.length === 0) {
    if (reload.preset === 'none') return []
    const message =
      'no port is probed, so that nobody sees what the server serves. Write the ports under probe in agent.yaml.'
    return [warning('probe-failed', message)]
  }
  if (expected === undefined) return []
  const look = ports.probe ?? probeEndpoint
  return Promise.all(
    endpoints.map(async (endpoint) => judge(await look(endpoint, expected), endpoint, expected.serial)),
  )
}

function judge(result: ProbeResult, endpoint: ProbeEndpoint, serial: string): Outcome {
  const port = formatEndpoint(endpoint)
  if (result.outcome === 'failed') return failed('probe-failed', result.message)
  if (result.serial !== serial) {
    return failed(
      'probe-failed',
      `${port} serves ${result.serial} and not the installed ${serial}. Point the server's configuration at the live folder, and reload it.`,
    )
  }
  if (result.trust.ok || result.handshake === 'cut') return good(`${port} serves the installed certificate`)
  return warning(
    'probe-failed',
    `${port} serves the installed certificate, but clients will refuse it: ${result.trust.reason}. Let the server read fullchain.pem, and see which name is probed.`,
  )
}

import { isIP } from 'node:net'
import { type HostPort, hostPort } from '@mayfly/platform'
import * as z from 'zod'

/** What is spoken before TLS begins. */
export const probeProtocols = ['tls', 'postgresql', 'mysql'] as const

export type ProbeProtocol = (typeof probeProtocols)[number]

/** One live port that must serve the certificate. */
export interface ProbeEndpoint {
  readonly connect: HostPort
  /** A DNS name, sent as SNI, or an IP address. It must be a name of the certificate that is served. */
  readonly serverName: string
  /** Default: `tls`. */
  readonly protocol?: ProbeProtocol | undefined
  /** For one look. Default: 5. */
  readonly timeoutSeconds?: number | undefined
}

const timeoutSecondsMax = 60

/** An endpoint as it stands in `agent.yaml`; without `serverName` the host is the name. */
export const endpointSchema: z.ZodType<ProbeEndpoint> = z
  .strictObject({
    connect: hostPort.describe('The port to look at, such as `127.0.0.1:443`.'),
    serverName: z
      .string()
      .refine(
        (text) => isIP(text) !== 0 || /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text),
        'must be a DNS name or an IP address',
      )
      .optional()
      .describe('The name to ask for; it must be one of the certificate. The host of `connect` if absent.'),
    protocol: z
      .enum(probeProtocols)
      .optional()
      .describe('What is spoken before TLS begins; `tls` (nothing) if absent.'),
    timeoutSeconds: z
      .number()
      .positive()
      .max(timeoutSecondsMax)
      .optional()
      .describe('For one look; 5 if absent.'),
  })
  .transform(({ serverName, ...others }) => ({ ...others, serverName: serverName ?? others.connect.host }))

/** `host:port`, as people write it. */
export function formatEndpoint({ connect: { host, port } }: ProbeEndpoint): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

import type { Server } from 'node:http'
import type { Server as TlsServer } from 'node:tls'
import { type TlsMaterial, tlsParameters } from './tls-parameters.ts'

/** Lets the next connections see `material`, which was checked; those that are open go on as they are. */
export function showCertificate(server: Server, material: TlsMaterial): void {
  const tlsServer = server as unknown as TlsServer
  // An empty context would be accepted and break every handshake; this one is complete.
  tlsServer.setSecureContext(tlsParameters(material))
}

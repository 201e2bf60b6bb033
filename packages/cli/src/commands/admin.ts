import { type AdminClient, adminClient, readIssuerConfiguration } from '@mayfly/issuer-daemon'
import type { Session } from './session.ts'

/** Where the running issuer is to be found. */
export interface AdminOptions {
  readonly config: string
  readonly socket?: string
}

/** The running issuer of the configuration, or at the socket that was named. */
export async function openAdmin(
  { config, socket }: AdminOptions,
  { fileSystem }: Session,
): Promise<AdminClient> {
  return adminClient(socket ?? (await readIssuerConfiguration(fileSystem, config)).admin.socket)
}

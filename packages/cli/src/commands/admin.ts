import { type AdminClient, adminClient, readAdminSocket } from '@mayfly/issuer-daemon/administration'
import type { Session } from './session.ts'

/** Where the running issuer is to be found. */
export interface AdminOptions {
  readonly config: string
  readonly socket?: string
}

/**
 * The running issuer of the configuration, or at the socket that was named. A mistake in the configuration keeps nobody
 * from it: it runs on with the one before. Where none runs, the mistake is told, for it would not start.
 */
export async function openAdmin(
  { config, socket }: AdminOptions,
  { fileSystem }: Session,
): Promise<AdminClient> {
  if (socket !== undefined) return adminClient(socket)
  return adminClient(await readAdminSocket(fileSystem, config), async () => {
    const { readIssuerConfiguration } = await import('@mayfly/issuer-daemon')
    await readIssuerConfiguration(fileSystem, config)
  })
}

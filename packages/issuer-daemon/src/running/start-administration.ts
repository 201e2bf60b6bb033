import { type AdminRights, type DelegateRights, ownerRights } from '../admin/admin-rights.ts'
import { startAdminServer } from '../admin/admin-server.ts'
import type { AnsweredRequest } from '../api/request-path-ports.ts'
import type { IssuerConfiguration } from '../configuration/issuer-configuration.ts'
import type { Issuer } from '../issuing/issuer.ts'
import type { Foundation } from './foundation.ts'
import type { LiveSettings } from './live-settings.ts'
import type { Shutdown } from './shutdown.ts'

export interface AdministrationParts {
  readonly configuration: IssuerConfiguration
  readonly foundation: Foundation
  readonly live: LiveSettings
  readonly issuer: Issuer
  readonly shutdown: Shutdown
  answered(answer: AnsweredRequest): void
}

/** Opens the owner's socket and those of the delegates. What a delegate may is looked up at each of its requests. */
export async function startAdministration(parts: AdministrationParts): Promise<void> {
  const { configuration, foundation, live, issuer, shutdown } = parts
  const { socket, delegates } = configuration.admin
  const answered = (answer: AnsweredRequest): void => parts.answered(answer)
  const owner = await startAdminServer({ issuer, ...foundation, socket, answered, rights: () => ownerRights })
  shutdown.add(() => owner.close())
  for (const delegate of delegates) {
    const access = await foundation.resolveAccess(delegate.access)
    const rights = (): AdminRights => rightsNow(delegate.rights, live)
    const server = await startAdminServer({
      issuer,
      ...foundation,
      socket: delegate.socket,
      access,
      answered,
      rights,
    })
    shutdown.add(() => server.close())
  }
}

/** Those of the configuration as it is now; where a reload took the delegate out, they are none. */
function rightsNow(atStart: DelegateRights, { configuration }: LiveSettings): DelegateRights {
  const { delegates } = configuration.admin
  const found = delegates.find(({ rights }) => rights.name === atStart.name)
  return found?.rights ?? { ...atStart, may: [] }
}

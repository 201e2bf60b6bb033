import { isDeepStrictEqual } from 'node:util'
import type { FileAccess } from '@mayfly/ca-core'
import { type AdminRights, ownerRights } from '../admin/admin-rights.ts'
import { startAdminServer } from '../admin/admin-server.ts'
import { giveSocket } from '../admin/private-socket.ts'
import type { AnsweredRequest } from '../api/answered-request.ts'
import type { RunningServer } from '../api/front/listening.ts'
import type { DelegateSettings, IssuerConfiguration } from '../configuration/issuer-configuration.ts'
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

/** The sockets of the delegates, which a reload opens and closes. */
export interface LiveAdministration {
  /** Opens what is new and gives sockets to other groups. Where one fails, what was opened is closed again. */
  open(delegates: readonly DelegateSettings[]): Promise<void>
  /** Closes what is not among them, after its running requests. */
  closeOthers(delegates: readonly DelegateSettings[]): Promise<void>
}

interface DelegateSocket {
  readonly server: RunningServer
  access: FileAccess
}

/**
 * Opens the owner's socket and those of the delegates. What a delegate may is looked up at each of its requests, by the
 * socket that it came through.
 */
export async function startAdministration(parts: AdministrationParts): Promise<LiveAdministration> {
  const { configuration, foundation, issuer, shutdown } = parts
  const { socket, delegates } = configuration.admin
  const answered = (answer: AnsweredRequest): void => parts.answered(answer)
  const owner = await startAdminServer({ issuer, ...foundation, socket, answered, rights: () => ownerRights })
  shutdown.add(() => owner.close())
  const administration = delegateSockets(parts)
  shutdown.add(() => administration.closeOthers([]))
  await administration.open(delegates)
  return administration
}

function delegateSockets(parts: AdministrationParts): LiveAdministration {
  const { foundation, live, issuer } = parts
  const sockets = new Map<string, DelegateSocket>()

  const start = async (socket: string, access: FileAccess): Promise<void> => {
    const server = await startAdminServer({
      issuer,
      ...foundation,
      socket,
      access,
      answered: (answer) => parts.answered(answer),
      rights: () => rightsOf(socket, live),
      delegateLimit: () => live.delegateLimit,
    })
    sockets.set(socket, { server, access })
  }
  const close = async (path: string): Promise<void> => {
    const { server } = sockets.get(path) ?? {}
    sockets.delete(path)
    await server?.close()
  }

  return {
    async open(delegates) {
      const wanted: [socket: string, access: FileAccess][] = []
      // A group that is not there is found before anything is opened.
      for (const { socket, access } of delegates)
        wanted.push([socket, await foundation.resolveAccess(access)])
      const opened: string[] = []
      try {
        for (const [socket, access] of wanted) {
          const open = sockets.get(socket)
          if (open === undefined) {
            await start(socket, access)
            opened.push(socket)
          } else if (!isDeepStrictEqual(open.access, access)) {
            await giveSocket(socket, access)
            open.access = access
          }
        }
      } catch (error) {
        for (const socket of opened) await close(socket)
        throw error
      }
    },
    async closeOthers(delegates) {
      const kept = new Set(delegates.map(({ socket }) => socket))
      for (const path of [...sockets.keys()].filter((open) => !kept.has(open))) await close(path)
    },
  }
}

/** Those of the configuration as it is now; while a socket is opened or closed, they are none. */
function rightsOf(path: string, { configuration }: LiveSettings): AdminRights {
  const found = configuration.admin.delegates.find(({ socket }) => socket === path)
  if (found !== undefined) return found.rights
  return {
    is: 'delegate',
    name: path,
    may: [],
    names: [],
    issuerNames: [],
    identities: [],
    profiles: [],
    alike: [],
  }
}

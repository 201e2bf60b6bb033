import type { Socket } from 'node:net'

/** A request that was let in. */
export interface Admission {
  /** Its place is free again. Once or more often. */
  end(): void
}

/** Counts the requests that are worked on, and forgets none that ended, however it ended. */
export interface InFlight {
  readonly count: number
  admit(socket: Socket): Admission
}

/**
 * A request ends with its answer, or with its connection: of pipelined requests only the first has the
 * connection, and for the others, when it is cut, no event of theirs ever comes. Without the second way out
 * every such request would keep its place for good.
 */
export function countInFlight(): InFlight {
  let count = 0
  // One listener for each connection, however many requests it carries.
  const openOn = new WeakMap<Socket, Set<Admission>>()

  const admissionsOf = (socket: Socket): Set<Admission> => {
    const known = openOn.get(socket)
    if (known !== undefined) return known
    const open = new Set<Admission>()
    openOn.set(socket, open)
    socket.once('close', () => {
      for (const admission of open) admission.end()
    })
    return open
  }

  return {
    get count() {
      return count
    },
    admit(socket) {
      const open = admissionsOf(socket)
      const admission: Admission = {
        end() {
          if (open.delete(admission)) count -= 1
        },
      }
      open.add(admission)
      count += 1
      // It may have been cut before we came to look.
      if (socket.destroyed) admission.end()
      return admission
    },
  }
}

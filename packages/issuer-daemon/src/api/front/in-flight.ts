import type { Socket } from 'node:net'

/** A request that was let in. */
export interface Admission {
  /** Its place is free again. Once or more often. */
  end(): void
}

/** Counts the requests that are worked on, and forgets none that ended, however it ended. */
export interface InFlight {
  readonly count: number
  /** `cut` is told where the connection ended before the request did. */
  admit(socket: Socket, cut?: () => void): Admission
}

/**
 * A request ends with its answer, or with its connection: of pipelined requests only the first has the
 * connection, and for the others, when it is cut, no event of theirs ever comes. Without the second way out
 * every such request would keep its place for good.
 */
export function countInFlight(): InFlight {
  let count = 0
  // One listener for each connection, however many requests it carries.
  const openOn = new WeakMap<Socket, Map<Admission, Cut>>()

  const admissionsOf = (socket: Socket): Map<Admission, Cut> => {
    const known = openOn.get(socket)
    if (known !== undefined) return known
    const open = new Map<Admission, Cut>()
    openOn.set(socket, open)
    socket.once('close', () => cutAll(open))
    return open
  }

  return {
    get count() {
      return count
    },
    admit(socket, cut = () => undefined) {
      const open = admissionsOf(socket)
      const admission: Admission = {
        end() {
          if (open.delete(admission)) count -= 1
        },
      }
      open.set(admission, cut)
      count += 1
      // It may have been cut before we came to look.
      if (socket.destroyed) cutAll(open)
      return admission
    },
  }
}

type Cut = () => void

function cutAll(open: ReadonlyMap<Admission, Cut>): void {
  for (const [admission, cut] of [...open]) {
    admission.end()
    cut()
  }
}

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadCounts, LoadOptions } from '../../support/load.ts'

/** Callers that go on while a server rotates, in processes of their own. */
export interface Calls {
  /** How many were answered so far. */
  answered(): number
  stop(): Promise<CallCounts>
}

export type CallCounts = Pick<
  LoadCounts,
  'requests' | 'failedRequests' | 'failedHandshakes' | 'refusedConnections'
>

/** HTTPS requests on fresh and on kept connections. */
export function startHttpsCalls(options: LoadOptions): Calls {
  const child = fork(join(import.meta.dirname, 'load-child.ts'), [JSON.stringify(options)])
  let counts: CallCounts = { requests: 0, failedRequests: 0, failedHandshakes: 0, refusedConnections: 0 }
  child.on('message', (message) => {
    counts = message as LoadCounts
  })
  return {
    answered: () => counts.requests,
    async stop() {
      const gone = once(child, 'exit')
      child.send('stop')
      await gone
      return counts
    },
  }
}

/** `call` again and again by some callers; each call makes `requests` requests on connections of its own. */
export function startClientCalls(call: () => Promise<unknown>, requests: number): Calls {
  const counts = { requests: 0, failedRequests: 0, failedHandshakes: 0, refusedConnections: 0 }
  const callers = 2
  let stopped = false
  async function callAgain(): Promise<void> {
    for (; !stopped; await sleep(1)) {
      await call().then(
        () => {
          counts.requests += requests
        },
        () => {
          counts.failedRequests++
        },
      )
    }
  }
  const running = Array.from({ length: callers }, callAgain)
  return {
    answered: () => counts.requests,
    async stop() {
      stopped = true
      await Promise.all(running)
      return counts
    },
  }
}

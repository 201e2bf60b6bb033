import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientSession } from '../../support/load/client-session.ts'
import type { LoadCounts } from '../../support/load/load.ts'
import { failedToConnect } from './connect-failure.ts'
import type { LoadOrder } from './load-child.ts'

/** Callers that go on while a server rotates, in processes of their own. */
export interface Calls {
  /** How many were answered so far. */
  answered(): number
  stop(): Promise<CallCounts>
}

export type CallCounts = Pick<
  LoadCounts,
  'requests' | 'failedRequests' | 'failedHandshakes' | 'refusedConnections' | 'repeatedAfterIdleClose'
>

const noCalls: CallCounts = {
  requests: 0,
  failedRequests: 0,
  failedHandshakes: 0,
  refusedConnections: 0,
  repeatedAfterIdleClose: 0,
}

/** Requests on fresh and on kept connections. */
export function startLoadCalls(order: LoadOrder): Calls {
  const child = fork(join(import.meta.dirname, 'load-child.ts'), [JSON.stringify(order)])
  let counts = noCalls
  child.on('message', (message) => {
    counts = { ...noCalls, ...(message as Partial<CallCounts>) }
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

/** What a database's own clients do. What they complain of tells whether a handshake or a request has failed. */
export interface ClientCalls {
  /** Makes `requests` requests on connections of its own. */
  call(): Promise<unknown>
  readonly requests: number
  /** A session that is kept throughout, and asked again and again. */
  openSession(): ClientSession
}

const freshCallers = 2
const keptPauseMs = 5

export function startClientCalls({ call, requests, openSession }: ClientCalls): Calls {
  const counts = { ...noCalls }
  let stopped = false

  async function count(answers: number, answered: Promise<unknown>): Promise<void> {
    await answered.then(
      () => {
        counts.requests += answers
      },
      (error: Error) => {
        if (failedToConnect(error.message)) counts.failedHandshakes++
        else counts.failedRequests++
      },
    )
  }

  async function callFresh(): Promise<void> {
    for (; !stopped; await sleep(1)) await count(requests, call())
  }

  async function askKept(): Promise<void> {
    const session = openSession()
    for (; !stopped; await sleep(keptPauseMs)) await count(1, session.ask('SELECT 1'))
    await session.close()
  }

  const running = [askKept(), ...Array.from({ length: freshCallers }, callFresh)]
  return {
    answered: () => counts.requests,
    async stop() {
      stopped = true
      await Promise.all(running)
      return counts
    },
  }
}

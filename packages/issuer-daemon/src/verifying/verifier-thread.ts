import { parentPort } from 'node:worker_threads'
import { checkSignature } from '@mayfly/ca-core'
import { type PackedChecks, packVerdicts, unpackChecks } from './packed-checks.ts'

/** The thread of a `ThreadVerifier`: says with an empty answer that it is there, and answers what it is sent, in that order. */
function serve(port: NonNullable<typeof parentPort>): void {
  port.on('message', (packed: PackedChecks) => {
    const answer = packVerdicts(unpackChecks(packed).map(checkSignature))
    port.postMessage(answer, [answer.buffer])
  })
  port.postMessage(packVerdicts([]))
}

if (parentPort !== null) serve(parentPort)

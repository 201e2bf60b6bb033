import { runIssuer } from '../../src/main.ts'
import { boundHeap } from '../../src/running/bound-heap.ts'

/** A process of its own for one issuer: `node run-issuer.ts CONFIGURATION`. */
boundHeap()
await runIssuer(process.argv[2] ?? '')

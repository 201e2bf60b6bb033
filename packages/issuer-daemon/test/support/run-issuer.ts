import { runIssuer } from '../../src/main.ts'

/** A process of its own for one issuer: `node run-issuer.ts CONFIGURATION`. */
await runIssuer(process.argv[2] ?? '')

#!/usr/bin/env node
import { whyNodeIsTooOld } from './node-release.ts'

// Nothing else is imported ahead of the look at Node's release: an older one fails while it loads the rest.
const complaint = whyNodeIsTooOld(process.versions.node, process.execPath)
if (complaint === undefined) await import('./start.ts')
else {
  process.stderr.write(`mayfly: ${complaint} (config-invalid)\n`)
  // As errors/exit-codes.ts has it for `config-invalid`.
  process.exitCode = 3
}

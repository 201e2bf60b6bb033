import { openAuthority, perform, startIssuer } from './issuer-run.ts'
import type { CrashTask } from './issuer-task.ts'

/** An issuer that kills or stops itself at the step that its only argument, a `CrashTask`, names. */
const { work, killAt, signal, ...place } = JSON.parse(process.argv[2] ?? '') as CrashTask

const run = await startIssuer(place, await openAuthority(place.state), (name) => {
  if (name === killAt) process.kill(process.pid, signal)
})
await run.issuer.recover()
await perform(work, run)
await run.store.close()

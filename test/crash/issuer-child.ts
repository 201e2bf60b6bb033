import { openAuthority, perform, startIssuer } from './issuer-run.ts'
import type { CrashTask } from './issuer-task.ts'

/** An issuer that kills itself at the step that its only argument, a `CrashTask`, names. */
const { state, work, killAt } = JSON.parse(process.argv[2] ?? '') as CrashTask

const run = await startIssuer(state, await openAuthority(state), (name) => {
  if (name === killAt) process.kill(process.pid, 'SIGKILL')
})
await run.issuer.recover()
await perform(work, run)
await run.store.close()

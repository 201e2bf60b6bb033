import { openAuthorityShelf, openSqliteStore } from '@mayfly/issuer-daemon'
import { nodeFileSystem, systemClock } from '@mayfly/platform'
import { retireAuthorities } from '../../packages/issuer-daemon/src/issuing/intermediates/retire-authorities.ts'
import { crashPassphrase } from './issuer-task.ts'

/** What its only argument holds. */
export interface RetireTask {
  readonly state: string
  readonly storePath: string
  readonly killAt: string
}

/** Retires what can be retired, and kills itself at the step that its only argument names. */
const { state, storePath, killAt } = JSON.parse(process.argv[2] ?? '') as RetireTask
const shelf = openAuthorityShelf({
  fileSystem: nodeFileSystem,
  state,
  now: () => systemClock.now(),
  passphrase: async () => crashPassphrase,
})
const never = async (): Promise<never> => {
  throw new TypeError('nothing moves here')
}
const store = await openSqliteStore({ path: storePath })
await retireAuthorities({
  store,
  clock: systemClock,
  authorities: {
    ...shelf,
    activate: never,
    heedTaints: never,
    taints: () => [],
    sweepSoon: () => undefined,
  },
  trace: {
    step(name) {
      if (name === killAt) process.kill(process.pid, 'SIGKILL')
    },
  },
})
await store.close()

import type { ProfileName } from '@mayfly/ca-core'

/** A host of the demo; its live folder has its name. */
export interface DemoHost {
  readonly name: string
  readonly profile: ProfileName
  readonly names: readonly string[]
  readonly runs: string
}

/** Host one serves with nginx, host two with Node, and the third calls both. */
export const demoHosts = {
  web: { name: 'web', profile: 'server', names: ['dns:web.mayfly.test', 'ip:127.0.0.1'], runs: 'nginx' },
  api: {
    name: 'api',
    profile: 'server',
    names: ['dns:api.mayfly.test', 'ip:127.0.0.1'],
    runs: 'Node service',
  },
  desk: { name: 'desk', profile: 'client', names: ['dns:desk.mayfly.test'], runs: 'caller' },
} as const satisfies Record<string, DemoHost>

/** The name under which the caller's certificate is let in. */
export const callerName = 'desk.mayfly.test'

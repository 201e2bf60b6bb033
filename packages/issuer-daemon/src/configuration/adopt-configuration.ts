import { isDeepStrictEqual } from 'node:util'
import type { DelegateSettings, IssuerConfiguration } from './issuer-configuration.ts'

/** What can change while the issuer runs; the rest is where it stands, and needs a restart. */
const reloadable = ['issuing', 'sweep', 'limits', 'log', 'tls', 'audit'] as const

export interface AdoptedConfiguration {
  readonly configuration: IssuerConfiguration
  /** Keys whose new value waits for the next start. */
  readonly needRestart: readonly string[]
}

/** The running configuration with all of `next` that can be taken over without a restart. */
export function adoptConfiguration(
  running: IssuerConfiguration,
  next: IssuerConfiguration,
): AdoptedConfiguration {
  const keys = Object.keys(next) as (keyof IssuerConfiguration)[]
  const fixed = keys.filter((key) => key !== 'admin' && !(reloadable as readonly string[]).includes(key))
  const adopted = Object.fromEntries(reloadable.map((key) => [key, next[key]]))
  return {
    configuration: { ...running, ...adopted, admin: adoptAdmin(running.admin, next.admin) },
    needRestart: [
      ...fixed.filter((key) => !isDeepStrictEqual(running[key], next[key])),
      ...changedSockets(running.admin, next.admin),
    ],
  }
}

type Admin = IssuerConfiguration['admin']

/** What delegates may is taken over at once, above all where it is less; their sockets are opened at the start. */
function adoptAdmin(running: Admin, next: Admin): Admin {
  return {
    socket: running.socket,
    delegates: running.delegates.map((delegate) => {
      const rights = findDelegate(next, delegate)?.rights ?? { ...delegate.rights, may: [] }
      return { ...delegate, rights }
    }),
  }
}

function changedSockets(running: Admin, next: Admin): string[] {
  const isSame = (delegate: DelegateSettings, other: DelegateSettings | undefined): boolean =>
    delegate.socket === other?.socket && isDeepStrictEqual(delegate.access, other.access)
  const changed = [
    ...next.delegates.filter((delegate) => !isSame(delegate, findDelegate(running, delegate))),
    ...running.delegates.filter((delegate) => findDelegate(next, delegate) === undefined),
  ]
  return [
    ...(running.socket === next.socket ? [] : ['admin.socket']),
    ...changed.map(({ rights }) => `admin.delegates.${rights.name}`),
  ]
}

function findDelegate({ delegates }: Admin, { rights }: DelegateSettings): DelegateSettings | undefined {
  return delegates.find((delegate) => delegate.rights.name === rights.name)
}

import { isDeepStrictEqual } from 'node:util'
import type { IssuerConfiguration } from './issuer-configuration.ts'

/** What can change while the issuer runs; the rest is where it stands, and needs a restart. */
const reloadable = ['issuing', 'bundle', 'sweep', 'limits', 'log', 'tls', 'audit'] as const

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
  // Of both: a key that may be absent can come and go.
  const keys = Object.keys({ ...running, ...next }) as (keyof IssuerConfiguration)[]
  const fixed = keys.filter((key) => key !== 'admin' && !(reloadable as readonly string[]).includes(key))
  const adopted = Object.fromEntries(reloadable.map((key) => [key, next[key]]))
  return {
    configuration: { ...running, ...adopted, admin: { ...next.admin, socket: running.admin.socket } },
    needRestart: [
      ...fixed.filter((key) => !isDeepStrictEqual(running[key], next[key])),
      ...(running.admin.socket === next.admin.socket ? [] : ['admin.socket']),
    ],
  }
}

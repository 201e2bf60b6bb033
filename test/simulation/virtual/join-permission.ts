import { type Instant, minuteMs } from '@mayfly/ca-core'
import type { HostOptions } from './virtual-host.ts'

/** A little less than a token's life. */
const tokenMs = 14 * minuteMs

/** A token, as an operator hands it out; the same one is tried again, for as long as it lives. */
export class JoinPermission {
  readonly #options: Pick<HostOptions, 'timeline' | 'site' | 'name' | 'identity'>
  #token: { readonly text: string; readonly until: Instant } | undefined

  constructor(options: Pick<HostOptions, 'timeline' | 'site' | 'name' | 'identity'>) {
    this.#options = options
  }

  async token(): Promise<string> {
    const { timeline, site, name, identity = name } = this.#options
    if (this.#token !== undefined && timeline.now < this.#token.until) return this.#token.text
    const attempt = site.issuer.openAudit({ requestId: `join-${name}`, action: 'token' })
    const names = [`dns:${identity}.story.example`]
    const { token } = await site.issuer.createToken({ identity, profile: 'server', names }, attempt)
    this.#token = { text: token, until: timeline.now + tokenMs }
    return token
  }
}

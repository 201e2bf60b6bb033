import { setFlagsFromString } from 'node:v8'
import { runIssuer } from '@mayfly/issuer-daemon'
import type { Session } from '../session.ts'

export interface IssuerRunOptions {
  readonly config: string
  readonly json?: boolean
}

/** `mayfly issuer run` */
export async function issuerRun(options: IssuerRunOptions, session: Session): Promise<undefined> {
  // What a sweep holds for a moment is garbage soon after. V8 would let it grow to four times what is in use before it
  // looks for it: 60 MiB more, to spare some 3 µs of each certificate in a sweep of thousands.
  setFlagsFromString('--heap-growing-percent=100')
  await runIssuer(options.config, { ask: session.terminal.askSecret })
}

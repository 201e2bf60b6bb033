import { boundHeap, runIssuer } from '@mayfly/issuer-daemon'
import type { Session } from '../session.ts'

export interface IssuerRunOptions {
  readonly config: string
  readonly json?: boolean
}

/** `mayfly issuer run` */
export async function issuerRun(options: IssuerRunOptions, session: Session): Promise<undefined> {
  boundHeap()
  await runIssuer(options.config, { ask: session.terminal.askSecret })
}

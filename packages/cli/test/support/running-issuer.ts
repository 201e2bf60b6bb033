import { type IssuerSetting, layIssuer, signIssuer } from './make-issuer.ts'
import { mayfly, temporaryFolder } from './run-mayfly.ts'
import { type Daemon, startDaemon } from './start-daemon.ts'

export interface RunningIssuer extends IssuerSetting {
  readonly daemon: Daemon
  /** Runs a command against this issuer; resolves to its JSON answer. */
  ask(
    ...args: string[]
  ): Promise<Record<string, never> & { exitCode: number | null; code: string | undefined }>
}

/**
 * Installs an issuer by the real commands and runs it until the end of `context`: a test, or `{ after }` for all the
 * tests of a file, for which one start is enough where each names its own identities.
 */
export async function runIssuer(
  context: { after(work: () => Promise<unknown>): void },
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningIssuer> {
  const setting = await layIssuer(await temporaryFolder(context))
  const { config, rootFingerprint } = setting
  const answer = await signIssuer(setting)
  await mayfly(['issuer', 'install', answer, '--config', config, '--root-fingerprint', rootFingerprint])
  const daemon = startDaemon(['issuer', 'run', '--config', config], context, environment)
  await daemon.logged('"msg":"ready"')
  const ask: RunningIssuer['ask'] = async (...args) => {
    const { exitCode, stdout, stderr } = await mayfly([...args, '--config', config, '--json'])
    const answered = stdout === '' ? {} : JSON.parse(stdout)
    return { ...answered, exitCode, code: stderr === '' ? undefined : JSON.parse(stderr).error.code }
  }
  return { ...setting, daemon, ask }
}

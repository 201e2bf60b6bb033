import type { FileSystem, ProcessRunner } from '@mayfly/ca-core'

/** Which files a server is to load: they are switched to already. */
export interface ReloadContext {
  /** The live link, such as `/etc/mayfly/live/web`: the path that the server's configuration names. */
  readonly liveFolder: string
  /** The folder that the link leads to, such as `/etc/mayfly/archive/web/0007`. */
  readonly generationFolder: string
}

/** What the agent can do with one server. It never stops it, and starts it only where it has ended at a reload. */
export interface ServerControl {
  /**
   * Whether everything that a reload needs is at hand: the process, its socket, the right to use them.
   * Touches nothing. Throws `reload-failed`, with `details.because: 'server-down'` if it does not run.
   */
  ready(context: ReloadContext): Promise<void>
  /** The server's own test of what it would load, where it has one. Throws `check-failed`. */
  check(context: ReloadContext): Promise<void>
  /** Whether `check` looks at nothing: the server has no test of its own, or none is configured. */
  readonly untested?: boolean
  /**
   * Makes the server load the files. Throws `reload-failed`.
   * That it returns says little: servers keep old certificates and report success. The probe decides.
   */
  reload(context: ReloadContext): Promise<void>
  /**
   * Whether the server has ended since it was told to reload, in a sentence that says how to start it. Where that is the
   * agent's to do, the next `reload` does it. Absent for servers that are not known to end.
   */
  ended?(): Promise<string | undefined>
}

export interface ServerPorts {
  readonly processRunner: ProcessRunner
  readonly fileSystem: FileSystem
}

import { isDeepStrictEqual } from 'node:util'
import type { FileSystem } from '@mayfly/ca-core'
import { type HostPort, type Logger, type MetricsServer, startMetricsServer } from '@mayfly/platform'
import type { AgentConfiguration } from '../configuration/agent-configuration.ts'
import type { AgentMetrics, MetricsFacts } from '../metrics/agent-metrics.ts'
import { writeTextfile } from '../metrics/write-textfile.ts'
import type { RotationEvent } from '../rotation/rotation-event.ts'

export type MetricsSettings = AgentConfiguration['metrics']

export interface LiveMetricsOptions {
  readonly fileSystem: FileSystem
  readonly logger: Logger
  readonly facts: MetricsFacts
  readonly isReady: () => boolean
}

/** The metrics of a running agent, given out where the configuration says at the time. */
export interface LiveMetrics {
  /**
   * Gives them out there from now on. What cannot be listened on, or a new file that cannot be written, changes
   * nothing: throws `config-invalid`, or what writing throws. At the start a file that cannot be written is only logged.
   */
  follow(settings: MetricsSettings): Promise<void>
  count(certificate: string, event: RotationEvent): void
  /** Writes the file anew, where one is wanted. */
  refreshTextfile(): void
  /** Where they are served, if they are. */
  address(): HostPort | undefined
  close(): Promise<void>
}

export function openLiveMetrics({ fileSystem, logger, facts, isReady }: LiveMetricsOptions): LiveMetrics {
  let current: MetricsSettings | undefined
  let metrics: AgentMetrics | undefined
  let server: MetricsServer | undefined
  let writing: Promise<void> = Promise.resolve()

  const serve = async ({ registry }: AgentMetrics, listen: HostPort): Promise<MetricsServer> =>
    startMetricsServer({ registry, listen, isReady })

  /** The server for `next`; the one before is closed or, where that fails, goes on. */
  const exchangeServer = async (figures: AgentMetrics, next: HostPort | undefined): Promise<void> => {
    const before = server
    const old = current?.listen
    if (isDeepStrictEqual(next, old)) return
    if (before === undefined || old === undefined || next?.port !== old.port) {
      server = next && (await serve(figures, next))
      await before?.close()
      return
    }
    // The same port on another address: one of both may be all addresses, and then only one can listen.
    await before.close()
    server = undefined
    try {
      server = await serve(figures, next)
    } catch (error) {
      server = await serve(figures, old)
      throw error
    }
  }

  const write = ({ registry }: AgentMetrics, path: string): Promise<void> => {
    writing = writing.catch(() => undefined).then(() => writeTextfile(fileSystem, path, registry))
    return writing
  }

  return {
    async follow(next) {
      if (next.listen === undefined && next.textfile === undefined && metrics === undefined) return
      metrics ??= await createMetrics(facts)
      const old = current?.textfile
      const isNewFile = current !== undefined && next.textfile !== undefined && next.textfile !== old
      if (isNewFile) await write(metrics, next.textfile)
      try {
        await exchangeServer(metrics, next.listen)
      } catch (error) {
        if (isNewFile) await fileSystem.remove(next.textfile).catch((err: unknown) => warn(logger, err))
        throw error
      }
      current = next
      // Nobody should go on to collect figures that no longer change.
      if (old !== undefined && old !== next.textfile)
        await writing.then(() => fileSystem.remove(old)).catch((err: unknown) => warn(logger, err))
    },
    count: (certificate, event) => metrics?.count(certificate, event),
    refreshTextfile() {
      if (metrics === undefined || current?.textfile === undefined) return
      write(metrics, current.textfile).catch((err: unknown) => warn(logger, err))
    },
    address: () => server?.address,
    async close() {
      await server?.close()
      await writing.catch(() => undefined)
    },
  }
}

function warn(logger: Logger, err: unknown): void {
  logger.warn({ err }, 'the metrics file cannot be written')
}

/** Their library is loaded only where they are wanted: it is much to have resident on every host. */
async function createMetrics(facts: MetricsFacts): Promise<AgentMetrics> {
  const { createAgentMetrics } = await import('../metrics/agent-metrics.ts')
  return createAgentMetrics(facts)
}

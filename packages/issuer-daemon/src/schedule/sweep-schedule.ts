import type { Clock, Instant } from '@mayfly/ca-core'
import { createTask, type ScheduledTask } from 'node-cron'
import type { SweepReport } from '../sweep/sweep-report.ts'

export interface SweepScheduleOptions {
  /** Five or six fields, read in UTC. */
  readonly cron: string
  readonly clock: Clock
  /** Mints what is due up to `until`, the time of the next run; ends early, between chunks, when aborted. */
  sweep(options: { readonly until: Instant; readonly signal: AbortSignal }): Promise<SweepReport>
  swept(report: SweepReport, durationMs: number): void
  failed(error: unknown): void
  /** A run was left out, because the one before it still ran. */
  skipped(): void
}

export interface SweepSchedule {
  /** When the next sweep begins. */
  nextRun(): Instant
  /** Sweeps without waiting for the time: now, or as soon as the running sweep is done. */
  runSoon(): void
  /** Goes on with another cron expression. */
  reschedule(cron: string): Promise<void>
  /** Begins nothing new, and resolves when the running sweep has finished its chunk. */
  stop(): Promise<void>
}

/** Sweeps once now, for what fell due while nothing ran, and then at every time of the cron expression. */
export function startSweepSchedule(options: SweepScheduleOptions): SweepSchedule {
  const { clock } = options
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  let isWanted = false

  const run = async (): Promise<void> => {
    if (stopping.signal.aborted) return
    if (running !== undefined) return options.skipped()
    running = sweepOnce(options, nextRunOf(task, clock), stopping.signal)
    await running
    running = undefined
    if (!isWanted) return
    isWanted = false
    await run()
  }
  let task = startTask(options.cron, run)
  void run()

  return {
    nextRun: () => nextRunOf(task, clock),
    runSoon() {
      if (running === undefined) void run()
      else isWanted = true
    },
    async reschedule(cron) {
      await task.destroy()
      task = startTask(cron, run)
    },
    async stop() {
      stopping.abort()
      await task.destroy()
      await running
    },
  }
}

function startTask(cron: string, run: () => Promise<void>): ScheduledTask {
  const task = createTask(cron, run, { timezone: 'UTC', suppressMissedWarning: true, logger: silent })
  void task.start()
  return task
}

async function sweepOnce(options: SweepScheduleOptions, until: Instant, signal: AbortSignal): Promise<void> {
  const startedMs = options.clock.monotonic()
  try {
    const report = await options.sweep({ until, signal })
    options.swept(report, options.clock.monotonic() - startedMs)
  } catch (error) {
    options.failed(error)
  }
}

function nextRunOf(task: ScheduledTask, clock: Clock): Instant {
  const now = clock.now()
  const next = task.getNextRuns(2).map((date) => date.getTime())
  return next.find((instant) => instant > now) ?? now
}

/** What the library would print is told by `skipped` and `failed`. */
const silent = { info() {}, warn() {}, error() {}, debug() {} }

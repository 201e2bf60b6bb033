export interface StopSignals {
  /** Aborted at the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal
  /** Stops listening. */
  dispose(): void
}

/** Turns the first SIGTERM or SIGINT into an abort; a second one ends the process at once, as usual. */
export function stopSignals(): StopSignals {
  const controller = new AbortController()
  const dispose = (): void => {
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
  }
  const stop = (): void => {
    dispose()
    controller.abort()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return { signal: controller.signal, dispose }
}

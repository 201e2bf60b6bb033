export interface StopSignals {
  /** Aborted at the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal
  /** Stops listening. */
  dispose(): void
}

/**
 * Ctrl-C reaches every process of a terminal's foreground, and npm and others pass on what they got: one wish comes
 * several times within milliseconds. Nobody presses it twice as quickly.
 */
const sameWishMs = 400

/** Turns the first SIGTERM or SIGINT into an abort; a later one ends the process at once, as usual. */
export function stopSignals(): StopSignals {
  const controller = new AbortController()
  let ofSameWish: NodeJS.Timeout | undefined
  const dispose = (): void => {
    clearTimeout(ofSameWish)
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
  }
  const stop = (): void => {
    ofSameWish ??= setTimeout(dispose, sameWishMs).unref()
    controller.abort()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return { signal: controller.signal, dispose }
}

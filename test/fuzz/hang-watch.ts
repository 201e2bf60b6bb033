import { Worker } from 'node:worker_threads'

/** A thousand times what the slowest input takes: what is reported is a hang, and no busy machine. */
const hangMsDefault = 20_000

/** The longest inputs that are made are well below. */
const inputBytesMax = 1_048_576

/** What both threads see. */
export interface WatchedReading {
  /** One number: odd while an input is read, and another one for each. */
  readonly turn: Int32Array
  /** One number: how many bytes of `input` are of the input at hand. */
  readonly length: Int32Array
  readonly input: Uint8Array
}

export interface HangWatchSettings extends WatchedReading {
  readonly hangMs: number
}

/** Looks on from another thread, since a reader that never comes back keeps its own from telling. */
export interface HangWatch {
  /** Before an input is read. A reader that hangs ends the process, with its input on standard error. */
  begin(target: string, input: Uint8Array): void
  end(): void
}

export function watchHangs(hangMs: number = hangMsDefault): HangWatch {
  const turn = new Int32Array(new SharedArrayBuffer(4))
  const length = new Int32Array(new SharedArrayBuffer(4))
  const shared = new Uint8Array(new SharedArrayBuffer(inputBytesMax))
  const settings: HangWatchSettings = { turn, length, input: shared, hangMs }
  const thread = new Worker(new URL('./hang-watch-thread.ts', import.meta.url), {
    workerData: settings,
    execArgv: [],
  })
  thread.unref()
  let watched: string | undefined
  return {
    begin(target, input) {
      if (watched !== target) thread.postMessage(target)
      watched = target
      const part = input.subarray(0, inputBytesMax)
      shared.set(part)
      Atomics.store(length, 0, part.length)
      Atomics.add(turn, 0, 1)
    },
    end() {
      Atomics.add(turn, 0, 1)
    },
  }
}

import { hourMs, minuteMs, secondMs } from '@mayfly/ca-core'

/** `7 h 05 min`, `12 min 30 s`, `4.2 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds >= hourMs) {
    const minutes = Math.floor((milliseconds % hourMs) / minuteMs)
    return `${Math.floor(milliseconds / hourMs)} h ${String(minutes).padStart(2, '0')} min`
  }
  if (milliseconds >= minuteMs) {
    const seconds = Math.floor((milliseconds % minuteMs) / secondMs)
    return `${Math.floor(milliseconds / minuteMs)} min ${String(seconds).padStart(2, '0')} s`
  }
  return `${(milliseconds / secondMs).toFixed(1)} s`
}

import { faint } from '../terminal/answer.ts'
import type { Session } from './session.ts'

/** Tells a person at a terminal what takes time; nothing in a pipe, nothing with `--json`. */
export function tellProgress({ terminal, json }: Session, text: string): void {
  if (terminal.interactive && !json) terminal.say(faint(text))
}

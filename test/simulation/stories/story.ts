import { createHash } from 'node:crypto'
import { dayMs, type Instant } from '@mayfly/ca-core'

/** Midnight of an ordinary day; every story begins there. */
export const storyStart: Instant = Date.UTC(2026, 2, 2)

export interface StoryLine {
  readonly at: Instant
  /** Host, `issuer` or `world`. */
  readonly who: string
  readonly what: string
}

/** What was seen to happen, by name. */
export type Evidence = ReadonlyMap<string, number>

/** The digest takes so many characters at once. */
const digestedAtOnce = 16_384

/** Takes down what happens. Key bytes never come in, so the same seed gives the same digest. */
export class Story {
  readonly #lines: StoryLine[] = []
  readonly #digest = createHash('sha256')
  #undigested = ''
  readonly #evidence = new Map<string, number>()
  readonly #keepsLines: boolean
  readonly #now: () => Instant

  constructor(now: () => Instant, keepsLines: boolean) {
    this.#now = now
    this.#keepsLines = keepsLines
  }

  tell(who: string, what: string): void {
    const at = this.#now()
    this.#undigested += `${at} ${who} ${what}\n`
    if (this.#undigested.length >= digestedAtOnce) this.#digestAll()
    if (this.#keepsLines) this.#lines.push({ at, who, what })
  }

  /** Counts something that was seen to happen, and not only planned. */
  saw(what: string, count: number = 1): void {
    this.#evidence.set(what, (this.#evidence.get(what) ?? 0) + count)
  }

  get lines(): readonly StoryLine[] {
    return this.#lines
  }

  get evidence(): Evidence {
    return this.#evidence
  }

  #digestAll(): void {
    this.#digest.update(this.#undigested)
    this.#undigested = ''
  }

  digest(): string {
    this.#digestAll()
    return this.#digest.copy().digest('hex')
  }
}

/** `day 03 14:22:07`, counted from 1. */
export function storyTime(at: Instant): string {
  const day = Math.floor((at - storyStart) / dayMs) + 1
  return `day ${String(day).padStart(2, '0')} ${new Date(at).toISOString().slice(11, 19)}`
}

/** The lines, numbered, with their times. */
export function tellStory(lines: readonly StoryLine[]): string {
  const width = String(lines.length).length
  return lines
    .map(
      ({ at, who, what }, index) =>
        `${String(index + 1).padStart(width)}  ${storyTime(at)}  ${who.padEnd(9)}  ${what}`,
    )
    .join('\n')
}

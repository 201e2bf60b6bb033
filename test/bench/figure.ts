/** One measured number, under the name by which it is compared from run to run. */
export interface Figure {
  /** `issue.ec-p256.ofLimit`: begins with the name that its bench has in `benches.ts`. */
  readonly name: string
  readonly value: number
  /** What one is: `ratio`, `per second`, `ms`, `MiB`. */
  readonly unit: string
  readonly aim?: Aim
}

export type Aim = { readonly atLeast: number } | { readonly atMost: number }

/** One thing to measure, in a process of its own. */
export interface Bench {
  /** Gives its figures: each as soon as it is known (an async generator), or all at the end. */
  run(scale: Scale): AsyncIterable<Figure> | Promise<readonly Figure[]>
}

/** How much work a run does. Figures of a quick run are rougher, and their names are the same. */
export interface Scale {
  readonly quick: boolean
  /** Says on the terminal how far a long measurement has come. */
  readonly tell: (what: string) => void
}

/** Whether a figure meets its aim; one without an aim cannot miss it. */
export function meetsAim({ value, aim }: Figure): boolean {
  if (aim === undefined) return true
  return 'atLeast' in aim ? value >= aim.atLeast : value <= aim.atMost
}

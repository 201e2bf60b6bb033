/** One measured number, under the name by which it is compared from run to run. */
export interface Figure {
  /** `issue.ec-p256.ofLimit` */
  readonly name: string
  readonly value: number
  /** What one is: `ratio`, `per second`, `ms`, `MiB`. */
  readonly unit: string
  readonly aim?: Aim
}

export type Aim = { readonly atLeast: number } | { readonly atMost: number }

/** One thing to measure, which gives some figures. */
export interface Bench {
  /** What its figures begin with. */
  readonly name: string
  run(scale: Scale): Promise<readonly Figure[]>
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

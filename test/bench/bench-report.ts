import { renameSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import type { BenchOutcome } from './bench-process.ts'
import { type Figure, meetsAim } from './figure.ts'
import { describeMachine } from './machine.ts'

/** What a run knows so far. */
export interface BenchReport {
  begin(name: string): void
  add(figure: Figure): void
  end(name: string, outcome: BenchOutcome): void
  readonly missed: readonly Figure[]
  readonly failed: readonly string[]
}

type BenchState =
  | { readonly outcome: 'not yet' }
  | { readonly outcome: 'running'; readonly loadBefore: number }
  | (BenchOutcome & { readonly loadBefore: number; readonly seconds: number })

/** Keeps the figures; where there is a `path` the file there has all of them at any moment, and is whole. */
export function openReport(names: readonly string[], quick: boolean, path?: string): BenchReport {
  const machine = describeMachine()
  const figures: Figure[] = []
  const states = new Map<string, BenchState>(names.map((name) => [name, { outcome: 'not yet' }]))
  let begunMs = 0
  let loadBefore = 0

  function save(): void {
    if (path === undefined) return
    writeFileSync(`${path}.new`, `${JSON.stringify(content(), null, 2)}\n`)
    renameSync(`${path}.new`, path)
  }

  function content(): object {
    const byName = <Value>(take: (figure: Figure) => Value): Record<string, Value> =>
      Object.fromEntries(figures.map((figure) => [figure.name, take(figure)]))
    return {
      machine,
      quick,
      benches: Object.fromEntries(states),
      figures: byName(({ value }) => value),
      details: byName((figure) => ({ unit: figure.unit, aim: figure.aim, meetsAim: meetsAim(figure) })),
    }
  }

  // A path that cannot be written is told before anything is measured.
  save()
  return {
    begin(name) {
      begunMs = performance.now()
      loadBefore = loadavg()[0] ?? 0
      states.set(name, { outcome: 'running', loadBefore })
      save()
    },
    add(figure) {
      figures.push(figure)
      save()
    },
    end(name, outcome) {
      states.set(name, { ...outcome, loadBefore, seconds: (performance.now() - begunMs) / 1_000 })
      save()
    },
    get missed() {
      return figures.filter((figure) => !meetsAim(figure))
    },
    get failed() {
      return names.filter((name) => states.get(name)?.outcome === 'failed')
    },
  }
}

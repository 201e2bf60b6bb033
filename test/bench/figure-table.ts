import { type Figure, meetsAim } from './figure.ts'

const nameWidth = 44
const valueWidth = 12

/** Name, value, unit, and the aim where there is one, with whether it was missed. */
export function figureLine(figure: Figure): string {
  return `${figure.name.padEnd(nameWidth)}${formatValue(figure.value).padStart(valueWidth)} ${figure.unit}${formatAim(figure)}`
}

/** Three digits that say something, and no fraction where there are as many before the point. */
function formatValue(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return value.toPrecision(3)
}

function formatAim(figure: Figure): string {
  const { aim } = figure
  if (aim === undefined) return ''
  const bound =
    'atLeast' in aim ? `at least ${formatValue(aim.atLeast)}` : `at most ${formatValue(aim.atMost)}`
  return ` (aim: ${bound}${meetsAim(figure) ? '' : '; MISSED'})`
}

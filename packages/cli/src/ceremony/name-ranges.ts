import { type NameConstraints, type NameRange, parseNameRange } from '@mayfly/ca-core'

export interface NameRangeOptions {
  readonly permit?: readonly string[]
  readonly exclude?: readonly string[]
}

/** The constraints that `--permit` and `--exclude` ask for, if any. @throws MayflyError `name-invalid` */
export function readNameConstraints({
  permit = [],
  exclude = [],
}: NameRangeOptions): NameConstraints | undefined {
  const permitted: NameRange[] = permit.map(parseNameRange)
  const excluded: NameRange[] = exclude.map(parseNameRange)
  return permitted.length + excluded.length === 0 ? undefined : { permitted, excluded }
}

/** Every name of an option, so that the compiler tells of one that is missing or too many. */
export type OptionNames<Options> = Readonly<Record<keyof Required<Options>, true>>

/**
 * The options with only the names that are known. Throws a `TypeError` that names the first other one and says what to
 * do: a misspelt limit would switch a rule off unseen, and what a later Node or undici makes of a name that nobody here
 * knows could let others in. `instead` says what to do; absent means the names that there are.
 */
export function knownOptions<Options extends object>(
  where: string,
  options: Options,
  names: OptionNames<Options>,
  instead?: string,
): Options {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${where} takes an object of options`)
  const known: Partial<Options> = {}
  // What is inherited would be spread by nobody, but read by some.
  for (const name in options) {
    if (!Object.hasOwn(names, name)) {
      const advice = instead ?? `It takes ${Object.keys(names).sort().join(', ')}.`
      throw new TypeError(`${where} takes no option ${name}. ${advice}`)
    }
    known[name] = options[name]
  }
  return known as Options
}

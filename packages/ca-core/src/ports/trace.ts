/**
 * Is told of each named step of a certificate's life just as it has happened.
 * The real adapter logs and counts; a test's adapter kills the process there.
 */
export interface Trace {
  step(name: string, fields?: Readonly<Record<string, string | number | boolean>>): void
}

/**
 * Files that may break a rule for now, and why. The list only shrinks: a rule that a listed file keeps
 * again is reported, so that its line goes.
 */
export const exceptions: Readonly<Record<string, readonly string[]>> = {}

/** Numeric id of the user whose rights this process has; `undefined` where the system has no such ids. */
export function effectiveUserId(): number | undefined {
  return process.geteuid?.()
}

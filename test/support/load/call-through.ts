/** Calls again and again until `change` is over, and once after it. Rejects with the first call that failed. */
export async function callThrough(change: Promise<unknown>, call: () => Promise<void>): Promise<void> {
  let isOver = false
  const end = (): void => {
    isOver = true
  }
  change.then(end, end)
  while (!isOver) await call()
  await call()
}

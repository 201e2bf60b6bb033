import type { MayflyError } from '@mayfly/ca-core'

/** A command that is well formed but cannot be meant; `message` says what to type instead. */
export async function usageError(message: string): Promise<MayflyError> {
  const { MayflyError } = await import('@mayfly/ca-core')
  return new MayflyError('usage', message)
}

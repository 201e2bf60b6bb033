import { type ErrorCode, isMayflyError, MayflyError } from '@mayfly/ca-core'

/** What another issuer of the same house may do better. */
const othersMayHelp: readonly ErrorCode[] = [
  'transport-failed',
  'answer-invalid',
  'prove-failed',
  'certificate-expired',
  'overloaded',
  'rate-limited',
  'stopping',
  'store-unavailable',
  'authority-missing',
  'authority-expired',
  'authority-tainted',
  'hsm-unavailable',
  'clock-wrong',
  'internal',
]

/** Asks one issuer after the other, until one answers or says something that every one would say. */
export async function askIssuers<T>(urls: readonly string[], ask: (url: string) => Promise<T>): Promise<T> {
  if (urls.length === 0) {
    throw new MayflyError('config-invalid', 'there is no issuer to ask; name one under `issuers`')
  }
  let failure: unknown
  for (const url of urls) {
    try {
      return await ask(url)
    } catch (error) {
      failure = error
      if (!othersMayHelp.some((code) => isMayflyError(error, code))) throw error
    }
  }
  throw failure
}

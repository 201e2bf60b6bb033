export interface LogAlarm {
  readonly because: 'store-log-growing'
  readonly message: string
}

const mebibyte = 1_048_576

/** A sweep takes its log into the file at some 64 MiB, and requests at four: four times the most. */
export const storeLogBytesMax: number = 256 * mebibyte

/**
 * An alarm where what was committed piles up in the log: every commit succeeds until the disk is full, and nobody else
 * would say so before. @param bytes of the log that are not in the file yet
 */
export function logAlarms(bytes: number): LogAlarm[] {
  if (bytes <= storeLogBytesMax) return []
  const message =
    `The log beside the store holds ${Math.round(bytes / mebibyte)} MiB that could not be taken into its file, and grows ` +
    'until the disk is full; nothing is lost until then. Look for a program that has the file open for long ' +
    '(fuser names it), and at the disk (df, dmesg). Once it can be taken in, the issuer does so by itself.'
  return [{ because: 'store-log-growing', message }]
}

import { filePath } from '@mayfly/platform'
import type * as z from 'zod'

/** `sun_path` holds 108 bytes with its final NUL (unix(7)). */
const socketPathBytesMax = 107

/** Where a Unix socket can be. */
export const socketPath: z.ZodType<string, string> = filePath.refine(
  (path) => Buffer.byteLength(path) <= socketPathBytesMax,
  { error: `is longer than the ${socketPathBytesMax} bytes that a Unix socket's path may have` },
)

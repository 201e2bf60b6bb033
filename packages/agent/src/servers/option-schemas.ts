import * as z from 'zod'
import type { Argv } from './run-program.ts'

const argumentsMax = 64
const timeoutSecondsMax = 600

/** A program and its arguments; no shell reads it. */
export const argvSchema: z.ZodType<Argv> = z
  .array(z.string().max(4_096))
  .min(1)
  .max(argumentsMax)
  .refine((argv) => argv[0] !== '', 'must start with a program') as unknown as z.ZodType<Argv>

/** The name of a systemd unit, with its suffix, such as `nginx.service`. */
export const unitSchema: z.ZodType<string> = z
  .string()
  .regex(
    /^[A-Za-z0-9:_.\\@-]{1,240}\.(?:service|target)$/,
    'must be a unit with its suffix, such as nginx.service',
  )

export const timeoutSecondsSchema: z.ZodType<number> = z.number().positive().max(timeoutSecondsMax)

/** What `/proc/<pid>/comm` shows: at most 15 characters. */
export const processNameSchema: z.ZodType<string> = z.string().min(1).max(15)

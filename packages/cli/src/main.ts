#!/usr/bin/env node
import { hushExperimentalWarnings } from './hush-experimental-warnings.ts'
import { runCommandLine } from './run-command-line.ts'

hushExperimentalWarnings()
process.exitCode = await runCommandLine(process.argv.slice(2))

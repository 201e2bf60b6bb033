import { hushExperimentalWarnings } from './hush-experimental-warnings.ts'
import { runCommandLine } from './run-command-line.ts'
import { endWithOutput } from './terminal/lost-output.ts'

hushExperimentalWarnings()
endWithOutput()
process.exitCode = await runCommandLine(process.argv.slice(2))

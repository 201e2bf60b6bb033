export { describeExitCodes, type ExitCode, exitCodeMeanings, exitCodes } from './errors/exit-codes.ts'
export { runCommandLine } from './run-command-line.ts'

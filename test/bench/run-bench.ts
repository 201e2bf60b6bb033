import { runBenches } from './run-benches.ts'

process.exit(await runBenches(new URL('benches.ts', import.meta.url).href, process.argv.slice(2)))

import { type LoadOptions, startLoad } from '../../support/load.ts'

/** A load in a process of its own, that tells its counts from time to time, until it hears anything. */
const load = startLoad(JSON.parse(process.argv[2] ?? '') as LoadOptions)
const tellEveryMs = 50

const telling = setInterval(() => process.send?.(load.counts), tellEveryMs)
process.once('disconnect', () => process.exit())
process.once('message', async () => {
  clearInterval(telling)
  process.send?.(await load.stop(), () => process.exit())
})

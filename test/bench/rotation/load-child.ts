import { type LoadOptions, startLoad } from '../../support/load/load.ts'
import { type RedisLoadOptions, startRedisLoad } from '../../support/load/redis-load.ts'

/** Which load it is, and what it needs; as JSON on the command line. */
export type LoadOrder =
  | { readonly kind: 'https'; readonly options: LoadOptions }
  | { readonly kind: 'redis'; readonly options: RedisLoadOptions }

/** A load in a process of its own, that tells its counts from time to time, until it hears anything. */
const order = JSON.parse(process.argv[2] ?? '') as LoadOrder
const load = order.kind === 'https' ? startLoad(order.options) : startRedisLoad(order.options)
const tellEveryMs = 50

const telling = setInterval(() => process.send?.(load.counts), tellEveryMs)
process.once('disconnect', () => process.exit())
process.once('message', async () => {
  clearInterval(telling)
  process.send?.(await load.stop(), () => process.exit())
})

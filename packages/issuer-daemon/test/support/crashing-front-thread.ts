import { BroadcastChannel } from 'node:worker_threads'
import '../../src/api/front/thread/front-thread.ts'

/** The thread of the front, which ends with an error, or stands still, when it is told to. */
const channel = new BroadcastChannel('front-crash')
channel.onmessage = ({ data }) => {
  while (data === 'stand still');
  throw new Error('told to crash')
}
channel.unref()

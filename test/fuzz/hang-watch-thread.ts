import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { createHangLook } from './hang-look.ts'
import type { HangWatchSettings } from './hang-watch.ts'

const { turn, length, input, hangMs } = workerData as HangWatchSettings

let target = 'a reader'
parentPort?.on('message', (name: string) => {
  target = name
})

const hangs = createHangLook(hangMs)

setInterval(() => {
  if (!hangs(Atomics.load(turn, 0), performance.now())) return
  const base64 = Buffer.from(input.slice(0, Atomics.load(length, 0))).toString('base64')
  // Past `console`, which needs the thread that hangs.
  writeSync(2, `${target}: hangs\n  input: ${base64}\n`)
  process.kill(process.pid, 'SIGKILL')
}, hangMs / 20)

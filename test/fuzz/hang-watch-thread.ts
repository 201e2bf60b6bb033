import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { HangWatchSettings } from './hang-watch.ts'

const { turn, length, input, hangMs } = workerData as HangWatchSettings

let target = 'a reader'
parentPort?.on('message', (name: string) => {
  target = name
})

let lastTurn = 0
let sinceMs = performance.now()

setInterval(() => {
  const nowTurn = Atomics.load(turn, 0)
  if (nowTurn !== lastTurn || nowTurn % 2 === 0) {
    lastTurn = nowTurn
    sinceMs = performance.now()
    return
  }
  if (performance.now() - sinceMs < hangMs) return
  const base64 = Buffer.from(input.slice(0, Atomics.load(length, 0))).toString('base64')
  // Past `console`, which needs the thread that hangs.
  writeSync(2, `${target}: hangs\n  input: ${base64}\n`)
  process.kill(process.pid, 'SIGKILL')
}, hangMs / 20)

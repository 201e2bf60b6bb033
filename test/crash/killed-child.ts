import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { childProgram } from '../support/child-program.ts'

/** Runs a child with its task as the only argument. It must end by its own hand, with SIGKILL. */
export async function runKilledChild(childPath: string, task: unknown): Promise<void> {
  const child = spawn(process.execPath, [...childProgram(childPath), JSON.stringify(task)])
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const signal = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (_, endedBy) => resolve(endedBy))
  })
  assert.equal(signal, 'SIGKILL', stderr)
}

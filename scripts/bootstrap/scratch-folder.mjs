import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endLeftovers } from './leftover-processes.mjs'

// A short name: paths of Unix sockets end at 107 characters.
const prefix = 'mayfly-'
const namePattern = /^mayfly-[A-Za-z0-9]{6}$/
const ownerFile = 'owner'

/** A folder for all that one run of the tests leaves for a while. What runs that were killed left is removed before. */
export function makeScratch(parent = tmpdir()) {
  for (const name of readdirSync(parent).filter((entry) => namePattern.test(entry))) {
    const folder = join(parent, name)
    if (isAbandoned(folder)) removeScratch(folder)
  }
  const scratch = mkdtempSync(join(parent, prefix))
  writeFileSync(join(scratch, ownerFile), JSON.stringify({ pid: process.pid, space: processSpace() }))
  const temporary = join(scratch, 't')
  mkdirSync(temporary)
  // Servers that do not run as root use it too, as they use /tmp.
  chmodSync(scratch, 0o711)
  chmodSync(temporary, 0o1777)
  return { scratch, temporary }
}

/** Ends what still has to do with the folder, and removes it. */
export function removeScratch(scratch) {
  endLeftovers(scratch)
  rmSync(scratch, { recursive: true, force: true, maxRetries: 3 })
}

/** Whether its run has ended, as far as this process can see: another user's, or another container's, is left alone. */
function isAbandoned(folder) {
  try {
    const found = lstatSync(folder)
    if (!found.isDirectory() || found.uid !== process.getuid()) return false
    const { pid, space } = JSON.parse(readFileSync(join(folder, ownerFile), 'utf8'))
    return space === processSpace() && !isRunning(pid)
  } catch {
    return false
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code !== 'ESRCH'
  }
}

function processSpace() {
  return readlinkSync('/proc/self/ns/pid')
}

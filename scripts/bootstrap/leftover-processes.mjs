import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Ends every process that has to do with `folder`, the run's own folder for temporary files: that has it
 * in its environment (TMPDIR), on its command line, as its working folder or among its open files. So a
 * server is found although it left its parent, its session or its environment behind, as nginx does.
 * Returns what they were.
 */
export function endLeftovers(folder) {
  const leftovers = processesOf(folder)
  for (const { pid } of leftovers) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself in the meantime.
    }
  }
  return leftovers.map(({ pid, command }) => `${pid} ${command}`)
}

function processesOf(folder) {
  return listFolder('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => tracesOf(pid).some((trace) => trace.includes(folder)))
    .map((pid) => ({ pid: Number(pid), command: readText(pid, 'cmdline').replaceAll('\0', ' ').trim() }))
}

function tracesOf(pid) {
  const files = listFolder(join('/proc', pid, 'fd')).map((fd) => readLink(pid, 'fd', fd))
  return [readText(pid, 'environ'), readText(pid, 'cmdline'), readLink(pid, 'cwd'), ...files]
}

// A process may end, or be another user's, while it is looked at: then there is nothing to see.

function listFolder(path) {
  return orEmpty(() => readdirSync(path), [])
}

function readText(pid, file) {
  return orEmpty(() => readFileSync(join('/proc', pid, file), 'utf8'), '')
}

function readLink(pid, ...path) {
  return orEmpty(() => readlinkSync(join('/proc', pid, ...path)), '')
}

function orEmpty(read, empty) {
  try {
    return read()
  } catch {
    return empty
  }
}

import { nodeFileSystem, nodeProcessRunner, systemClock } from '@mayfly/platform'
import { prepareServer } from '../../../packages/agent/src/servers/prepare-server.ts'

/**
 * A program: an agent's hand on a server that ends at its reload, beside that server under its systemd. Reloads the
 * process of the pid file in its argument, waits for the end of it, reloads again, and prints what was said of the end.
 */
const [pidFile = ''] = process.argv.slice(2)
const ports = { fileSystem: nodeFileSystem, processRunner: nodeProcessRunner }
const server = prepareServer({ preset: 'signal', pidFile, signal: 'SIGUSR1' }, ports)
const context = { liveFolder: '/nowhere', generationFolder: '/nowhere' }
const lookMs = 50

await server.reload(context)
let sentence = await server.ended?.()
while (sentence === undefined) {
  await systemClock.sleep(lookMs)
  sentence = await server.ended?.()
}
await server.reload(context)
process.stdout.write(sentence)

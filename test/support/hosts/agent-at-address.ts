import { systemClock } from '@mayfly/platform'
import { runAgent } from '../../../packages/agent/src/main.ts'
import { openTransport } from '../../../packages/agent/src/transport/https-transport.ts'

/** A real agent process for tests, to which every name is at one address: `node agent-at-address.ts CONFIG ADDRESS`. */
const [, , configPath = '', address = ''] = process.argv
const transport = openTransport(() => systemClock.now(), {
  lookup: (_name, _options, callback) => callback(null, [{ address, family: 4 }]),
})
await runAgent(configPath, { ports: { transport } })
await transport.close()

import { type ErrorCode, parseEnrolmentBody, parseIssuerAnswer, parseProblem } from '@mayfly/ca-core'
import { parseYamlConfiguration } from '@mayfly/platform'
import { agentConfigurationSchema } from '../../../packages/agent/src/configuration/agent-configuration.ts'
import { issuerFile } from '../../../packages/issuer-daemon/src/configuration/issuer-file.ts'
import { FuzzFinding, type FuzzTarget, otherReading, readOrRefused, requireSame } from '../fuzz-target.ts'
import { either, mutateBytes } from '../mutate-bytes.ts'
import { mutateJson } from '../mutate-json.ts'

const readers: readonly { read(value: unknown): object; code: ErrorCode }[] = [
  { read: parseEnrolmentBody, code: 'request-invalid' },
  { read: parseIssuerAnswer, code: 'answer-invalid' },
  { read: parseProblem, code: 'answer-invalid' },
]

/** JSON messages: what is accepted is accepted again as we would send it, and nobody's prototype changes. */
export const messageTarget: FuzzTarget = {
  name: 'message',
  corpus: 'message',
  mutate: either(mutateJson, mutateBytes),
  async read(input) {
    const value = otherReading(() => JSON.parse(Buffer.from(input).toString('utf8')) as unknown)
    for (const { read, code } of readers) {
      const message = await readOrRefused(() => read(value), [code])
      if (message === undefined) continue
      if (Object.getPrototypeOf(message) !== Object.prototype)
        throw new FuzzFinding('a prototype was changed')
      requireSame('a message', read(JSON.parse(JSON.stringify(message))), message)
    }
    if (Object.keys(Object.prototype).length > 0) throw new FuzzFinding('the prototype of all was changed')
  },
}

/** Configuration: every mistake is told with its place, also in what hardly is YAML. */
export const issuerYamlTarget: FuzzTarget = {
  name: 'issuer-yaml',
  corpus: 'issuer-yaml',
  mutate: mutateBytes,
  read: async (input) => {
    const text = Buffer.from(input).toString('utf8')
    await readOrRefused(() => parseYamlConfiguration(text, 'issuer.yaml', issuerFile), ['config-invalid'])
  },
}

export const agentYamlTarget: FuzzTarget = {
  name: 'agent-yaml',
  corpus: 'agent-yaml',
  mutate: mutateBytes,
  read: async (input) => {
    const text = Buffer.from(input).toString('utf8')
    await readOrRefused(
      () => parseYamlConfiguration(text, 'agent.yaml', agentConfigurationSchema),
      ['config-invalid'],
    )
  },
}

import {
  type ErrorCode,
  type FileSystem,
  parseEnrolmentBody,
  parseIssuerAnswer,
  parseProblem,
  readJsonBytes,
} from '@mayfly/ca-core'
import { parseYamlConfiguration } from '@mayfly/platform'
import { agentConfigurationSchema } from '../../../packages/agent/src/configuration/agent-configuration.ts'
import { issuerFile } from '../../../packages/issuer-daemon/src/configuration/issuer-file.ts'
import { readIdentitiesFile } from '../../../packages/issuer-daemon/src/identities/identities-file.ts'
import { readFirstMembers } from '../first-member.ts'
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

/** JSON itself: what is read means the same to one who takes the first of two members, or it is refused. */
export const jsonTarget: FuzzTarget = {
  name: 'json',
  corpus: 'message',
  mutate: either(mutateJson, mutateBytes),
  async read(input) {
    const reading = readJsonBytes(input)
    if (reading.is === 'broken') return
    const other = readFirstMembers(Buffer.from(input).toString('utf8'))
    const isAmbiguous = other.hasRepeatedMembers || other.hasEscapedNames
    if (isAmbiguous !== (reading.is === 'ambiguous')) throw new FuzzFinding(`JSON is ${reading.is}`)
    if (reading.is === 'read') requireSame('JSON', reading.value, other.value)
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

/** Declared identities: what is accepted is canonical, so that it is read the same when it is written down again. */
export const identitiesYamlTarget: FuzzTarget = {
  name: 'identities-yaml',
  corpus: 'identities-yaml',
  mutate: mutateBytes,
  read: async (input) => {
    const declared = await readOrRefused(() => identitiesIn(input), ['config-invalid'])
    if (declared === undefined) return
    const identities = Object.fromEntries(declared.map(({ name, ...rest }) => [name, rest]))
    // JSON is YAML.
    requireSame('the identities', await identitiesIn(Buffer.from(JSON.stringify({ identities }))), declared)
    if (Object.keys(Object.prototype).length > 0) throw new FuzzFinding('the prototype of all was changed')
  },
}

function identitiesIn(input: Uint8Array): ReturnType<typeof readIdentitiesFile> {
  const fileSystem: Pick<FileSystem, 'readFile'> = { readFile: async () => input }
  return readIdentitiesFile(fileSystem as FileSystem, 'identities.yaml')
}

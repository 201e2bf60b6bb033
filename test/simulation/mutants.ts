import { type FileSystem, MayflyError, type Random } from '@mayfly/ca-core'
import type { Store } from '@mayfly/issuer-daemon'
import type { Change, ChangePart } from '../../packages/issuer-daemon/src/store/change.ts'
import type { Mutation } from './mutation.ts'
import type { PromiseName } from './promises/broken-promise.ts'

export interface Mutant {
  /** What its story must be seen to break. */
  readonly breaks: PromiseName
  /** So many hosts it takes; absent means that few do. */
  readonly hosts?: number
  /** A fresh one for each story: some remember. */
  mutate(): Mutation
}

/** Products that are broken on purpose, each through a port: what breaks no promise here would break none elsewhere. */
export const mutants = {
  /** Its agents are told to come later, for ever. */
  'agent that only waits': {
    breaks: 'no-expired-certificate',
    mutate: () => ({ client: (inner) => ({ ...inner, request: refuse, certificate: notYet }) }),
  },
  'agent that proves nothing': {
    breaks: 'no-unproven-certificate',
    mutate: () => ({ servers: (inner) => ({ ...inner, prove: async () => undefined }) }),
  },
  /** The files of a generation come one by one, and the key does not. */
  'agent that tears a generation': {
    breaks: 'no-torn-generation',
    mutate: () => ({ fileSystem: withoutNewKeys }),
  },
  /** What it draws is the same each time, and a sweep mints for two hosts in one second. */
  'issuer that uses a serial again': {
    breaks: 'no-serial-twice',
    hosts: 20,
    mutate: () => ({ issuerRandom: repeating, store: letThrough }),
  },
  /** Every host joins with the key of the first one, and nobody looks. */
  'issuer that certifies a key again': {
    breaks: 'no-key-for-two-lineages',
    mutate: () => {
      let csr: string | undefined
      return {
        client: (inner) => ({
          ...inner,
          enroll: (url, body, trust) => {
            csr ??= body.csr
            return inner.enroll(url, { ...body, csr }, trust)
          },
        }),
        store: (inner) => letThrough({ ...inner, issuance: async () => undefined }),
      }
    },
  },
  'issuer that signs before it records': {
    breaks: 'recorded-before-signed',
    mutate: () => ({ forgetfulStore: (inner) => withoutParts(inner, ({ do: what }) => what === 'intend') }),
  },
  /** After a loss of power an agent goes on with a state of long ago. */
  'agent that does not sync its state': {
    breaks: 'no-false-alarm',
    mutate: () => ({ fileSystem: withoutSync }),
  },
  'agent that looks away': {
    breaks: 'no-certificate-of-before',
    mutate: () => ({ servers: (inner) => ({ ...inner, look: async () => ({ is: 'served' }) }) }),
  },
  'agent that looks at another port': {
    breaks: 'converges',
    mutate: () => ({ servers: (inner) => ({ ...inner, probe: blind }) }),
  },
  'agent with a bug in a reload': {
    breaks: 'no-internal-error',
    mutate: () => ({
      servers: (inner) => ({
        ...inner,
        reload: () => Promise.reject(new TypeError('undefined is no server')),
      }),
    }),
  },
  /** What suspends an identity is not kept. */
  'issuer that forgets a copy': {
    breaks: 'suspends-a-copy',
    mutate: () => ({
      forgetfulStore: (inner) =>
        withoutParts(inner, (part) => part.do === 'move-identity' && part.next.suspension !== undefined),
    }),
  },
  'agents that draw the same': {
    breaks: 'spreads-out',
    mutate: () => ({ random: { bytes: (count) => new Uint8Array(count).fill(0x40) } }),
  },
} as const satisfies Record<string, Mutant> as Readonly<Record<MutantName, Mutant>>

export type MutantName =
  | 'agent that only waits'
  | 'agent that proves nothing'
  | 'agent that tears a generation'
  | 'issuer that uses a serial again'
  | 'issuer that certifies a key again'
  | 'issuer that signs before it records'
  | 'agent that does not sync its state'
  | 'agent that looks away'
  | 'agent that looks at another port'
  | 'agent with a bug in a reload'
  | 'issuer that forgets a copy'
  | 'agents that draw the same'

async function refuse(): Promise<never> {
  throw new MayflyError('overloaded', 'come later')
}

async function notYet(): Promise<{ is: 'not-minted'; afterSeconds: number }> {
  return { is: 'not-minted', afterSeconds: 60 }
}

async function blind(): Promise<never> {
  throw new MayflyError('probe-failed', 'there is another server on that port')
}

function withoutNewKeys(inner: FileSystem): FileSystem {
  const isNewKey = (path: string): boolean => path.endsWith('/key.pem') && !path.includes('0001')
  return {
    ...inner,
    createFile: async (path, ...given) => (isNewKey(path) ? undefined : inner.createFile(path, ...given)),
    replaceFile: async (path, ...given) => (isNewKey(path) ? undefined : inner.replaceFile(path, ...given)),
  }
}

/** What was written at first lasts; what takes its place later does not outlive a loss of power. */
function withoutSync(inner: FileSystem): FileSystem {
  return {
    ...inner,
    async replaceFile(path, content, access) {
      const isThere = (await inner.status(path)) !== undefined
      if (!isThere || !path.includes('/lineage')) return inner.replaceFile(path, content, access)
      await inner.remove(path)
      await inner.createFile(path, content, access)
    },
  }
}

/** Of a serial; the rest of it is the time. */
const serialRandomBytes = 12

function repeating(inner: Random): Random {
  let first: Uint8Array | undefined
  return {
    bytes(count) {
      if (count !== serialRandomBytes) return inner.bytes(count)
      first ??= inner.bytes(count)
      return first.slice()
    },
  }
}

/** A store that records an intent whatever its serial and key. */
function letThrough(inner: Store): Store {
  const seen = new Set<string>()
  return withoutParts(inner, (part) => {
    if (part.do !== 'intend') return false
    const { serial, keyHash } = part.intent
    const isKnown = seen.has(serial) || seen.has(keyHash)
    seen.add(serial).add(keyHash)
    return isKnown
  })
}

/** A store that says that it has kept these parts, and has not. */
function withoutParts(inner: Store, isLeftOut: (part: ChangePart) => boolean): Store {
  return {
    ...inner,
    commit: (changes: readonly Change[]) =>
      inner.commit(
        changes.map((change) => ({ ...change, parts: change.parts.filter((part) => !isLeftOut(part)) })),
      ),
  }
}

import { randomBytes } from 'node:crypto'
import {
  createCertificateRequest,
  encodeBase64url,
  endpointPaths,
  endpointUrl,
  generateKeyPair,
  type KeyPair,
  type NamedSigner,
  parseCertificate,
  signRequest,
} from '@mayfly/ca-core'
import { nodeFileSystem, systemClock, systemRandom } from '@mayfly/platform'
import { loadAuthority } from '../../../packages/issuer-daemon/src/authority/load-authority.ts'
import type { IssuerConfiguration } from '../../../packages/issuer-daemon/src/configuration/issuer-configuration.ts'
import { type MintOrder, mint } from '../../../packages/issuer-daemon/src/issuing/mint.ts'
import { openStore } from '../../../packages/issuer-daemon/src/store/open-store.ts'
import type { Store } from '../../../packages/issuer-daemon/src/store/store.ts'
import { passphrase } from '../../../packages/issuer-daemon/test/support/live-issuer.ts'
import { report } from '../../../packages/issuer-daemon/test/support/test-host.ts'
import { benchPolicy } from '../bench-policy.ts'

/** A host that holds the first certificate of its identity. */
export interface SeededHost {
  readonly keyPair: KeyPair
  readonly certificate: NamedSigner
}

const hostsEach = 250

/** Writes identities with their first certificates into the store of an issuer that does not run yet. */
export async function seedFleet(configuration: IssuerConfiguration, count: number): Promise<SeededHost[]> {
  const ports = { fileSystem: nodeFileSystem, environment: {}, clock: systemClock, random: systemRandom }
  const store = await openStore(configuration.store, ports)
  try {
    const { issuing } = await loadAuthority({
      fileSystem: nodeFileSystem,
      state: configuration.state,
      passphrase: Buffer.from(passphrase),
      now: systemClock.now(),
    })
    const minting = {
      ...ports,
      store,
      trace: { step: () => undefined },
      authority: () => issuing,
      policy: { ...benchPolicy, issuerUrl: configuration.url },
    }
    const hosts: SeededHost[] = []
    while (hosts.length < count) {
      const numbers = Array.from(
        { length: Math.min(hostsEach, count - hosts.length) },
        (_, index) => hosts.length + index,
      )
      hosts.push(
        ...(await seedHosts(
          store,
          minting,
          numbers.map((number) => `host-${number}`),
        )),
      )
    }
    return hosts
  } finally {
    await store.close()
  }
}

/** The request of `host` for its next certificate, at once, as it goes over the wire. */
export async function requestOf({ keyPair, certificate }: SeededHost, url: string): Promise<string> {
  const next = await generateKeyPair('ec-p256')
  const jws = await signRequest({
    keyPair,
    signer: certificate,
    url: endpointUrl(url, endpointPaths.requests),
    now: systemClock.now(),
    jti: randomBytes(16).toString('base64url'),
    body: {
      csr: encodeBase64url(await createCertificateRequest({ keyPair: next })),
      report,
      immediate: true,
    },
  })
  return JSON.stringify(jws)
}

/** Identities of these names, each with its first certificate. */
export async function seedHosts(
  store: Store,
  ports: Parameters<typeof mint>[1],
  names: readonly string[],
): Promise<SeededHost[]> {
  const at = systemClock.now()
  await store.commit(
    names.map((name) => ({
      at,
      parts: [
        {
          do: 'add-identity',
          identity: { name, profile: 'server', names: [`dns:${name}.example`], createdAt: at },
        },
      ],
    })),
  )
  const keyPairs = await Promise.all(names.map(() => generateKeyPair('ec-p256')))
  const orders = names.map(async (name, index): Promise<MintOrder> => {
    const identity = await store.identity({ name })
    const keyPair = keyPairs[index]
    if (identity === undefined || keyPair === undefined) throw new Error(`${name} was not added`)
    return {
      identity,
      publicKey: keyPair.publicKey,
      lineage: 1,
      generation: 1,
      parentGeneration: 0,
      beginning: () => [{ do: 'move-identity', next: { ...identity, lineagesBegun: 1 } }],
      ending: () => [],
    }
  })
  const results = await mint(await Promise.all(orders), ports)
  return results.map((result, index) => {
    if (!result.done) throw new Error(`${names[index]} got no certificate: ${JSON.stringify(result)}`)
    return {
      keyPair: keyPairs[index] as KeyPair,
      certificate: parseCertificate(result.certificate.der),
    }
  })
}

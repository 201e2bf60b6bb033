import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dayMs, generateKeyPair, hourMs } from '@mayfly/ca-core'
import { createIssuer } from '@mayfly/issuer-daemon'
import { nodeFileSystem, systemRandom } from '@mayfly/platform'
import { prepareAuthority } from '../../../packages/issuer-daemon/src/authority/load-authority.ts'
import { policyOf } from '../../../packages/issuer-daemon/src/configuration/policy-of.ts'
import { readIssuerConfiguration } from '../../../packages/issuer-daemon/src/configuration/read-configuration.ts'
import type { IssuerPorts } from '../../../packages/issuer-daemon/src/issuing/issuer-ports.ts'
import type { Policy } from '../../../packages/issuer-daemon/src/issuing/policy.ts'
import { openSqliteStore } from '../../../packages/issuer-daemon/src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../../packages/issuer-daemon/src/store/store.ts'
import { FakeClock } from '../../fakes/fake-clock.ts'
import { createTestAuthority } from '../../support/test-issuer.ts'
import type { Bench, Figure, Scale } from '../figure.ts'
import { SimulatedHost } from './simulated-host.ts'
import { sumOf, tableSizes } from './table-sizes.ts'

const days = 30
const identitiesFull = 1_000
/** Tables of one page, and records that wait to be packed, are shared by all: fewer identities would carry more each. */
const identitiesQuick = 600
const stepMs = hourMs
/** Hosts that ask at the same moment. */
const hostsAtOnce = 50

/** What one line of the log of issuance and its indexes are called. */
const isLog = (name: string): boolean => name.startsWith('issuance')
const isAudit = (name: string): boolean => name.startsWith('audit')

/**
 * The store after thirty days at two certificates a day, with the configuration's own defaults. Every byte of its file
 * counts: what grows with certificates for ever (the log of issuance, and the audit too, as if it were never pruned),
 * and the rest, which there is once for each identity.
 */
export const storeSize: Bench = {
  async run(scale) {
    const identities = scale.quick ? identitiesQuick : identitiesFull
    const folder = await mkdtemp(join(tmpdir(), 'mayfly-store-'))
    const path = join(folder, 'store.sqlite')
    try {
      const certificates = await liveOn(path, identities, await defaultPolicy(folder), scale)
      const sizes = tableSizes(path)
      for (const [name, bytes] of sizes) scale.tell(`${name}: ${bytes} bytes`)
      return figuresOf(sizes, { fileBytes: (await stat(path)).size, identities, certificates })
    } finally {
      await rm(folder, { recursive: true })
    }
  },
}

function figuresOf(
  sizes: ReadonlyMap<string, number>,
  {
    fileBytes,
    identities,
    certificates,
  }: Readonly<Record<'fileBytes' | 'identities' | 'certificates', number>>,
): Figure[] {
  const log = sumOf(sizes, isLog)
  const audit = sumOf(sizes, isAudit)
  const bytes = (name: string, value: number, atMost?: number): Figure => ({
    name: `store.${name}`,
    value,
    unit: 'bytes',
    ...(atMost !== undefined && { aim: { atMost } }),
  })
  return [
    { name: 'store.identities', value: identities, unit: 'identities' },
    { name: 'store.certificates', value: certificates, unit: 'certificates' },
    bytes('bytesPerIdentity', (fileBytes - log - audit) / identities, 4_096),
    bytes('bytesPerCertificateForever', (log + audit) / certificates, 200),
    bytes('logBytesPerCertificate', log / certificates),
    bytes('auditBytesPerCertificate', audit / certificates),
    bytes('fileBytes', fileBytes),
  ]
}

/** Resolves to how many certificates were issued. */
async function liveOn(path: string, identities: number, policy: Policy, scale: Scale): Promise<number> {
  const clock = new FakeClock()
  const store = await openSqliteStore({ path })
  try {
    const issuer = createIssuer(await portsOf(store, clock, policy))
    const surroundings = { issuer, issuerUrl: policy.issuerUrl, now: () => clock.now() }
    const hosts = Array.from({ length: identities }, (_, index) => new SimulatedHost(index, surroundings))
    for (let step = 0; step < (days * dayMs) / stepMs; step++) {
      await issuer.sweep({ until: clock.now() + stepMs })
      // They join over the first half day.
      const joined = hosts.slice(0, Math.ceil((identities * (step + 1) * stepMs) / (dayMs / 2)))
      for (let from = 0; from < joined.length; from += hostsAtOnce) {
        await Promise.all(joined.slice(from, from + hostsAtOnce).map((host) => host.act()))
      }
      await clock.advance(stepMs)
      if ((step * stepMs) % (10 * dayMs) === 0) scale.tell(`${(step * stepMs) / dayMs} of ${days} days`)
    }
    await issuer.sweep({ until: clock.now() })
    return (await store.counts(clock.now())).issued
  } finally {
    await store.close()
  }
}

const leastConfiguration = `
url: https://issuer.corp.example:8443
listen: 0.0.0.0:8443
state: /var/lib/mayfly
trustDomain: corp.example
passphrase:
  credential: passphrase
`

/** As an operator has it who configured no more than is needed. */
async function defaultPolicy(folder: string): Promise<Policy> {
  const path = join(folder, 'issuer.yaml')
  await writeFile(path, leastConfiguration, { mode: 0o600 })
  return policyOf(await readIssuerConfiguration(nodeFileSystem, path))
}

async function portsOf(store: Store, clock: FakeClock, policy: Policy): Promise<IssuerPorts> {
  const { authority, bundle } = await createTestAuthority({ now: clock.now() - hourMs })
  const issuing = await prepareAuthority(authority, bundle.roots[0]?.fingerprint ?? '')
  return {
    store,
    clock,
    random: systemRandom,
    trace: { step: () => undefined },
    authority: () => issuing,
    bundle: () => ({ text: '', bundle }),
    tokenKey: await generateKeyPair('ec-p256'),
    policy,
  }
}

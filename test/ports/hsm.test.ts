import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import type { Hsm, Signer } from '@mayfly/ca-core'
import { openHsm, systemClock } from '@mayfly/platform'
import { MemoryHsm } from '../fakes/memory-hsm.ts'
import { hsmSuite } from '../suites/hsm-suite.ts'
import { signerSuite } from '../suites/signer-suite.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { makeSoftHsm } from '../support/soft-hsm.ts'

const skip = withoutPackages('softhsm2')
const folder = mkdtempSync(join(tmpdir(), 'mayfly-hsm-port-'))
let softHsm: Hsm | undefined
let made = 0

before(() => {
  if (skip !== false) return
  const { uri, pin, environment } = makeSoftHsm(folder)
  softHsm = openHsm({
    uri,
    pin: async () => Buffer.from(pin),
    clock: systemClock,
    environment: { ...process.env, ...environment },
  })
})
after(async () => {
  await softHsm?.close()
  rmSync(folder, { recursive: true })
})

function opened(): Hsm {
  if (softHsm === undefined) throw new TypeError('there is no SoftHSM')
  return softHsm
}

hsmSuite('in memory', () => new MemoryHsm(), { skip: false })
hsmSuite('a PKCS #11 token', opened, { skip })

// RSA-4096 signs like RSA-3072, and takes seconds to be made.
const types = ['ec-p256', 'ec-p384', 'ed25519', 'rsa-3072'] as const
signerSuite(
  'a PKCS #11 token',
  async (keyType): Promise<Signer> => {
    made += 1
    return (await opened().makeKey({ keyType, id: Uint8Array.of(1, made), label: keyType })).signer
  },
  { types, skip },
)

import { isIP } from 'node:net'
import {
  encodeCertificateChain,
  formatName,
  parseCertificateChain,
  parseCertificateRequestPem,
  parseIdentityName,
  parseName,
  parseNameRange,
  parsePrivateKey,
} from '@mayfly/ca-core'
import { FuzzFinding, type FuzzTarget, readOrRefused, requireSame } from '../fuzz-target.ts'
import { either, mutateBytes } from '../mutate-bytes.ts'
import { mutateDer } from '../mutate-der.ts'

/** Text with certificates: what is accepted is read the same again from what we would write. */
export const pemTarget: FuzzTarget = {
  name: 'pem',
  corpus: 'pem',
  mutate: mutateBytes,
  async read(input) {
    const text = Buffer.from(input).toString('utf8')
    const codes = ['pem-invalid', 'certificate-invalid', 'key-weak', 'key-type-unsupported'] as const
    const chain = await readOrRefused(() => parseCertificateChain(text), codes)
    if (chain !== undefined) {
      const again = parseCertificateChain(encodeCertificateChain(chain))
      requireSame(
        'the chain',
        chain.map(({ fingerprint }) => fingerprint),
        again.map(({ fingerprint }) => fingerprint),
      )
    }
    await readOrRefused(
      () => parseCertificateRequestPem(text),
      ['pem-invalid', 'csr-invalid', 'proof-of-possession-failed', 'key-weak', 'key-type-unsupported'],
    )
  },
}

/** Private keys: whatever OpenSSL makes of them, they are read or refused. */
export const privateKeyTarget: FuzzTarget = {
  name: 'private-key',
  corpus: 'private-key',
  mutate: either(mutateDer, mutateBytes),
  async read(input) {
    const body = Buffer.from(input).toString('base64').replace(/.{64}/g, '$&\n')
    const pem = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`
    await readOrRefused(() => parsePrivateKey(pem), ['key-invalid', 'key-weak', 'key-type-unsupported'])
  },
}

/** Names: canonical once read, in every form that they are written in. */
export const nameTarget: FuzzTarget = {
  name: 'name',
  corpus: 'name',
  mutate: mutateBytes,
  async read(input) {
    const text = Buffer.from(input).toString('utf8')
    const name = await readOrRefused(() => parseName(text), ['name-invalid'])
    if (name !== undefined) {
      requireSame('the name', parseName(formatName(name)), name)
      if (!/^[\x21-\x7e]+$/.test(name.value))
        throw new FuzzFinding(`the name ${name.value} is not printable ASCII`)
      if (name.type === 'ip' && isIP(name.value) === 0) throw new FuzzFinding(`${name.value} is no address`)
      if (name.type === 'dns' && isIP(name.value) !== 0) throw new FuzzFinding(`${name.value} is an address`)
    }
    await readOrRefused(() => parseNameRange(text), ['name-invalid'])
    const identity = await readOrRefused(() => parseIdentityName(text), ['name-invalid'])
    if (identity !== undefined && /[/\\\0]|^\.|\.\./.test(identity))
      throw new FuzzFinding(`${identity} is no file name`)
  },
}

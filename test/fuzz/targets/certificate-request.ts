import {
  formatName,
  type KeyPair,
  keySigner,
  parseCertificateRequest,
  parseName,
  signatureAlgorithmOf,
} from '@mayfly/ca-core'
import type { SubjectAlternativeNameExtension } from '@peculiar/x509'
import { parseDer } from '../../../packages/ca-core/src/der/der-element.ts'
import { encodeBitString, encodeSequence } from '../../../packages/ca-core/src/der/der-writer.ts'
import { type FuzzTarget, otherReading, readOrRefused, requireSame } from '../fuzz-target.ts'
import { either, mutateBytes } from '../mutate-bytes.ts'
import { mutateDer } from '../mutate-der.ts'
import { peculiar } from '../peculiar.ts'
import { hex } from './certificate.ts'

const codes = ['csr-invalid', 'proof-of-possession-failed', 'key-weak', 'key-type-unsupported'] as const

/**
 * Certificate requests. A changed one has a broken proof, behind which nothing would be looked at; so half of
 * them are signed again, with a key of ours in the place of theirs.
 */
export function certificateRequestTarget(keyPair: KeyPair): FuzzTarget {
  return {
    name: 'certificate-request',
    corpus: 'pkcs10',
    mutate: either(mutateDer, mutateBytes),
    async read(input) {
      await readOne(input)
      const proven = otherReading(() => signAgain(input, keyPair))
      if (proven !== undefined) await readOne(proven)
    },
  }
}

async function readOne(input: Uint8Array): Promise<void> {
  const ours = await readOrRefused(() => parseCertificateRequest(input), codes)
  if (ours === undefined) return
  const theirs = otherReading(() => {
    const read = new peculiar.Pkcs10CertificateRequest(Uint8Array.from(input).buffer)
    void read.extensions
    return read
  })
  if (theirs === undefined) return
  requireSame('the key', hex(ours.publicKey.spki), hex(new Uint8Array(theirs.publicKey.rawData)))
  const names =
    (theirs.getExtension('2.5.29.17') as SubjectAlternativeNameExtension | undefined)?.names.items ?? []
  const formatted = names.map(({ type, value }) =>
    formatName(parseName(`${type === 'url' ? 'uri' : type}:${value}`)),
  )
  requireSame('the names', ours.names.map(formatName), formatted)
  const [commonName, second] = theirs.subjectName.getField('CN')
  if (ours.commonName !== undefined)
    requireSame('the common name', [ours.commonName, undefined], [commonName, second])
}

/** The same information about `keyPair`'s key, with its proof. Throws where it can't be taken apart. */
function signAgain(input: Uint8Array, keyPair: KeyPair): Uint8Array {
  const [info] = parseDer(input).children
  const [version, subject, , attributes, ...more] = info?.children ?? []
  const parts = [version, subject, undefined, attributes, ...more].map((part, at) =>
    at === 2 ? keyPair.publicKey.spki : part?.encoded,
  )
  const signed = encodeSequence(...parts.filter((part) => part !== undefined))
  const signature = encodeBitString(keySigner(keyPair).sign(signed))
  return encodeSequence(signed, signatureAlgorithmOf(keyPair.type), signature)
}

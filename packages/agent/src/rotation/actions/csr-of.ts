import {
  createCertificateRequest,
  encodeBase64url,
  formatName,
  type Name,
  parsePrivateKey,
} from '@mayfly/ca-core'
import type { StagedKey } from '../../state/staged-key.ts'

/** Signed once for each staged key: an outage of hours asks for the same one a hundred times. */
const signed = new WeakMap<StagedKey, { readonly names: string; readonly csr: string }>()

/** The PKCS #10 request for a staged key, as base64url; with the names that it is to carry, if the configuration says so. */
export async function csrOf(staged: StagedKey, names: readonly Name[] | undefined): Promise<string> {
  const spelt = (names ?? []).map(formatName).join(' ')
  const known = signed.get(staged)
  if (known?.names === spelt) return known.csr
  const der = await createCertificateRequest({
    keyPair: parsePrivateKey(staged.keyPem),
    ...(names !== undefined && { names }),
  })
  const csr = encodeBase64url(der)
  signed.set(staged, { names: spelt, csr })
  return csr
}

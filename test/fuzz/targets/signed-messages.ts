import {
  readEnrolmentToken,
  readRequestHeader,
  readTrustBundle,
  sameTrustBundle,
  verifyEnrolmentToken,
  verifyRequest,
  verifyTrustBundle,
} from '@mayfly/ca-core'
import { readAuditHead } from '../../../packages/ca-core/src/audit/audit-head.ts'
import { FuzzFinding, type FuzzTarget, otherReading, readOrRefused, requireSame } from '../fuzz-target.ts'
import { either, mutateBytes } from '../mutate-bytes.ts'
import { mutateJson, mutateJws } from '../mutate-json.ts'
import type { Signers } from '../signers.ts'

/** Signed requests: whatever was changed in one, the signature covers what is read of it. */
export function requestTarget({ now, leafKey, requestUrl }: Signers): FuzzTarget {
  let genuine: { protected: string; payload: string } | undefined
  return {
    name: 'request',
    corpus: 'request',
    mutate: either(mutateJws, either(mutateJson, mutateBytes)),
    async read(input) {
      const jws = otherReading(() => JSON.parse(Buffer.from(input).toString('utf8')) as never)
      await readOrRefused(() => readRequestHeader(jws), ['request-invalid'])
      const body = await readOrRefused(
        () => verifyRequest(jws, { publicKey: leafKey, url: requestUrl, now }),
        ['request-invalid', 'request-signature-invalid', 'request-stale', 'request-other-url'],
      )
      otherReading(() => readAuditHead(jws as never))
      if (body === undefined) return
      const read = jws as unknown as { protected: string; payload: string }
      genuine ??= read
      requireSame('a signed request', [read.protected, read.payload], [genuine.protected, genuine.payload])
    },
  }
}

/** Enrolment tokens: none but the one that was signed is ever good. */
export function tokenTarget({ now, tokenKey, issuerUrl }: Signers): FuzzTarget {
  let genuine: object | undefined
  return {
    name: 'token',
    corpus: 'token',
    mutate: either(mutateJws, mutateBytes),
    async read(input) {
      const text = Buffer.from(input).toString('latin1')
      await readOrRefused(() => readEnrolmentToken(text), ['token-invalid'])
      const claims = await readOrRefused(
        () => verifyEnrolmentToken(text, { publicKey: tokenKey, issuerUrl, now }),
        ['token-invalid', 'token-expired', 'token-other-issuer'],
      )
      if (claims === undefined) return
      genuine ??= claims
      requireSame('a token', claims, genuine)
    },
  }
}

/** Trust bundles: only what a held root has signed is trusted. */
export function bundleTarget({ bundle: held }: Signers): FuzzTarget {
  return {
    name: 'bundle',
    corpus: 'bundle',
    mutate: either(mutateJws, either(mutateJson, mutateBytes)),
    async read(input) {
      const text = Buffer.from(input).toString('utf8')
      await readOrRefused(() => readTrustBundle(text), ['bundle-invalid'])
      const codes = ['bundle-invalid', 'bundle-untrusted', 'bundle-older'] as const
      const bundle = await readOrRefused(() => verifyTrustBundle(text, { held }), codes)
      if (bundle !== undefined && !sameTrustBundle(bundle, held))
        throw new FuzzFinding('a changed bundle is trusted')
    },
  }
}

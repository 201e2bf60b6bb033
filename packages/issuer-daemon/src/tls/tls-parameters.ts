import { constants } from 'node:crypto'
import type { TlsOptions } from 'node:tls'

/** The key pair and chain that a server shows, as PEM. The key lives in memory only. */
export interface TlsMaterial {
  readonly keyPem: string
  readonly chainPem: string
}

/**
 * TLS 1.3 only, the post-quantum hybrid first, then what every TLS 1.3 stack has.
 * Complete on its own: `setSecureContext` forgets whatever it isn't given again.
 */
export function tlsParameters({ keyPem, chainPem }: TlsMaterial): TlsOptions {
  return {
    key: keyPem,
    cert: chainPem,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    // The slash makes the hybrid a choice of its own, taken wherever the caller knows it, even where that
    // costs a HelloRetryRequest (SSL_CTX_set1_groups_list(3), OpenSSL 3.5).
    ecdhCurve: 'X25519MLKEM768/X25519:P-256:P-384',
    honorCipherOrder: true,
    // Who resumes a session does not look at our certificate again, which lives a day.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

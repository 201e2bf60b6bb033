/**
 * What one connection may cost. A real request is a token or a JWS with a PKCS#10: the largest, an
 * ML-DSA-87 key and signature in base64 twice over, stays under 32 KiB.
 */

/** Twice the largest real body; read before anything is known about the caller. */
export const bodyBytesMax = 64 * 1_024

/** Node's own default; the API needs a few short headers. */
export const headerBytesMax = 16 * 1_024

/** Time for the TLS handshake. A half-open one costs memory and nothing else shows it. */
export const handshakeTimeoutMs = 10_000

/** Time for all headers, and for headers and body together: ends slow-loris callers. */
export const headersTimeoutMs = 10_000
export const requestTimeoutMs = 20_000

/** How often the two above are looked at. */
export const timeoutCheckIntervalMs = 1_000

/** An idle connection between two requests. Agents ask twice a day; keeping it longer saves nothing. */
export const keepAliveTimeoutMs = 15_000

/** A connection that neither reads nor writes: a caller that never takes its answer. */
export const inactivityTimeoutMs = 60_000

/** After this many requests a connection is closed, so that load spreads anew. */
export const requestsPerConnectionMax = 1_000

/** How long a stop waits for requests that were accepted. */
export const drainTimeoutMs = 20_000

/** Of all connections, what addresses that have proved nothing yet may hold together. */
export const newcomersShareMax = 0.5

/** Connections to the socket of a delegate; a tool needs one for each thing that it does at once. */
export const delegateConnectionsMax = 64

/** Requests worked on at once. More would only wait for the same disk and the same cores. */
export const inFlightMax = 1_024

/**
 * Bounds on what is read. They are checked before anything is allocated or followed, because
 * crafted encodings are how ASN.1 readers were brought down (node-forge CVE-2025-66031).
 */

/** A certificate or request of ours nests 9 deep; name constraints and their like 10. */
export const derDepthMax = 16

/** A root with ML-DSA-87 and name constraints is about 9 kB. */
export const derBytesMax = 65_536

/** Elements in one encoding. A leaf with 100 names has about 200. */
export const derElementsMax = 4_096

/** The longest identifier that we know has 9 octets; X.509 in the wild stays under 20. */
export const oidBytesMax = 32

/** RFC 5280 4.1.2.2 allows serial numbers of 20 octets; RSA-4096 moduli have 513. */
export const integerBytesMax = 1_025

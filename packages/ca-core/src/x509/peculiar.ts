export type PeculiarX509 = typeof import('@peculiar/x509')

/**
 * `@peculiar/x509`, loaded when it is first needed: it brings a dependency-injection container and a
 * polyfill of global `Reflect` methods, which a host that only rotates certificates should not pay for.
 */
export async function loadPeculiar(): Promise<PeculiarX509> {
  // Its container looks for the polyfill when it is loaded, so the order matters.
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

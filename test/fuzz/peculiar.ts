import '../support/reflect-metadata.ts'

/** The other reader of what ours reads; its container needs the polyfill before it is loaded. */
export const peculiar: typeof import('@peculiar/x509') = await import('@peculiar/x509')

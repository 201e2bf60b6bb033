/** Who may import whom; `client` stands alone, and nobody imports `cli`. */
export const allowedPackages: Readonly<Record<string, readonly string[]>> = {
  'ca-core': [],
  client: [],
  platform: ['ca-core'],
  'issuer-daemon': ['ca-core', 'platform'],
  agent: ['ca-core', 'platform'],
  cli: ['agent', 'ca-core', 'client', 'issuer-daemon', 'platform'],
  test: ['agent', 'ca-core', 'cli', 'client', 'issuer-daemon', 'platform'],
}

/** `ca-core` is pure: of Node's modules it may use those that only compute. */
export const pureModules: readonly string[] = [
  'node:buffer',
  'node:crypto',
  'node:net',
  'node:url',
  'node:util',
]

/** Of a module that does more, only these parts. */
export const pureParts: Readonly<Record<string, readonly string[]>> = {
  'node:net': ['isIP', 'isIPv4', 'isIPv6', 'BlockList'],
}

/** Each library is for one thing and comes in at one place; see the table in `docs/architecture.md`. */
export const libraryHomes: Readonly<Record<string, RegExp>> = {
  '@peculiar/x509': /^packages\/ca-core\/src\//,
  'node-forge': /^packages\/(?:ca-core\/src\/keys|agent\/src\/formats)\//,
  jose: /^packages\/ca-core\/src\//,
  fastify: /^packages\/issuer-daemon\/src\//,
  'node-cron': /^packages\/issuer-daemon\/src\/(?:schedule|configuration)\//,
  'node:sqlite': /^packages\/(?:issuer-daemon\/src\/store\/|platform\/src\/files\/lock-file\.ts$)/,
  pg: /^packages\/issuer-daemon\/src\/store\/postgres\//,
  commander: /^packages\/cli\/src\//,
  'node:child_process': /^packages\/(?:platform\/src\/(?:programs|hsm)|cli\/src\/demo)\//,
  'node:ffi': /^packages\/platform\/src\/hsm\/child\//,
}

/** The adapters of the ports. */
export const adapters: readonly string[] = [
  'systemClock',
  'systemRandom',
  'nodeFileSystem',
  'nodeProcessRunner',
]

/** The composition roots: only they name adapters and read the environment. */
export const compositionRoots: readonly RegExp[] = [
  /^packages\/platform\/src\//,
  /^packages\/issuer-daemon\/src\/main\//,
  /^packages\/issuer-daemon\/src\/main\.ts$/,
  // The other side of a thread: nothing that runs can be given to it.
  /^packages\/issuer-daemon\/src\/api\/front\/thread\/front-thread\.ts$/,
  /^packages\/agent\/src\/local-ports\.ts$/,
  /^packages\/agent\/src\/main\.ts$/,
  /^packages\/cli\/src\/(?:main|commands\/session)\.ts$/,
  /^packages\/cli\/src\/demo\//,
]

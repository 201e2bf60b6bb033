import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { build } from 'esbuild'

/*
 * Builds the `mayfly` command: one file for each part that is loaded on its own, with all libraries inside.
 * A daemon then starts with a dozen files instead of five hundred, in a third of the time and with 20 MiB less
 * (docs/decisions/0005-one-bundle-for-the-command.md).
 * `node bundle.mjs [FOLDER [PROGRAM…]]`: into `dist` beside this file, or into another folder, there with
 * other programs, each under its own name.
 */
const folder = import.meta.dirname
const [given = join(folder, 'dist'), ...programs] = process.argv.slice(2)
const dist = resolve(given)

/** Some libraries are CommonJS and ask for Node's own modules by `require`, which a module does not have. */
const requireForModules =
  "import { createRequire as createRequireOfBundle } from 'node:module'\n" +
  'const require = createRequireOfBundle(import.meta.url)'

rmSync(dist, { recursive: true, force: true })
const options = {
  absWorkingDir: folder,
  outdir: dist,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: ['source'],
  mainFields: ['module', 'main'],
  chunkNames: '[name]-[hash]',
  banner: { js: requireForModules },
  external: [
    // pg asks for these two only where they are installed, or outside Node.
    'pg-native',
    'cloudflare:sockets',
    // Fastify asks for these only for routes with a schema of its own, and for tests without a network. Ours have none.
    '@fastify/ajv-compiler',
    '@fastify/fast-json-stringify-compiler',
    'light-my-request',
  ],
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
}
// A thread is started from a file of its own, which stands beside the file that starts it.
const parts = await build({
  ...options,
  splitting: true,
  entryPoints: {
    main: 'src/main.ts',
    'bulk-thread': '../issuer-daemon/src/store/sqlite/writing/bulk-thread.ts',
    'verifier-thread': '../issuer-daemon/src/verifying/verifier-thread.ts',
    ...Object.fromEntries(programs.map((path) => [basename(path, '.ts'), resolve(path)])),
  },
})
// What is loaded in every issuer besides all the rest is made of what it uses alone: with parts that it shares it
// would load whatever else is in them.
const front = await build({
  ...options,
  entryPoints: { 'front-thread': '../issuer-daemon/src/api/front/thread/front-thread.ts' },
})
// It runs foreign code in a process of its own, with as little else in it as can be.
const hsm = await build({
  ...options,
  entryPoints: { 'child/hsm-child': '../platform/src/hsm/child/hsm-child.ts' },
})
const metafile = {
  inputs: { ...parts.metafile.inputs, ...front.metafile.inputs, ...hsm.metafile.inputs },
  outputs: { ...parts.metafile.outputs, ...front.metafile.outputs, ...hsm.metafile.outputs },
}
leaveEntryToAnyNode(join(dist, 'main.js'))
for (const file of Object.keys(metafile.outputs)) takeOwnModulesAsTheyAre(join(folder, file))
cpSync(join(folder, '../../packaging/systemd'), join(dist, 'packaging/systemd'), { recursive: true })
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licences(metafile))

/** The first file must also run on a Node that is too old, to say so: nothing of the rest may be in it. */
function leaveEntryToAnyNode(file) {
  const text = readFileSync(file, 'utf8')
    .replace(`${requireForModules}\n`, '')
    // What esbuild shares between its files; nothing of it is used in this one.
    .replace(/^import "\.\/chunk-\w+\.js";\n/m, '')
  if (/^import |require|getBuiltinModule/m.test(text)) throw new Error(`${file} needs more than any Node has`)
  writeFileSync(file, text)
}

/**
 * For a static import of one of its own modules Node makes a namespace, and for that reads every export, which loads
 * what most never use (the whole of web cryptography, of streams, of promises of files). As an object it is there.
 */
function takeOwnModulesAsTheyAre(file) {
  const ownImport = /^import (?:\* as )?([\w$]+|\{[^}]*\}) from ["'](node:[^"']+)["'];?$/gm
  const text = readFileSync(file, 'utf8').replace(ownImport, (_, names, name) => {
    const taken = names.replaceAll(/\s+/g, ' ').replaceAll(' as ', ': ')
    return `var ${taken} = process.getBuiltinModule("${name}");`
  })
  if (/^import .* from ["']node:/m.test(text)) throw new Error(`${file} still imports a module of Node`)
  writeFileSync(file, text)
}

/** The licence of every library that is inside, with its name and version. */
function licences({ inputs }) {
  const packages = new Map()
  for (const input of Object.keys(inputs)) {
    const root = packageRoot(join(folder, input))
    if (!root.includes('/node_modules/')) continue
    const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    packages.set(`${name} ${version} (${license})`, licenceText(root))
  }
  return [...packages]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([title, text]) => `${title}\n${'='.repeat(title.length)}\n\n${text.trim()}\n`)
    .join('\n\n')
}

/** The nearest folder above whose manifest names a package; some libraries have nameless ones inside. */
function packageRoot(path) {
  for (let at = dirname(path); at !== '/'; at = dirname(at)) {
    const manifest = join(at, 'package.json')
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version !== undefined) return at
  }
  throw new Error(`${relative(folder, path)} belongs to no package`)
}

function licenceText(root) {
  const file = readdirSync(root).find((name) => /^(?:licen[cs]e|copying)(?:\.|$|-)/i.test(name))
  return file === undefined
    ? 'The package carries no text of its licence.'
    : readFileSync(join(root, file), 'utf8')
}

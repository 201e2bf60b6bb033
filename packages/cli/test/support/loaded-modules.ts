import { registerHooks } from 'node:module'

/** Preloaded into a command: writes the packages that it has loaded to standard error when it ends. */
const loaded = new Set<string>()

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@mayfly/') || ['commander', 'fastify'].includes(specifier))
      loaded.add(specifier)
    return next(specifier, context)
  },
})

process.on('exit', () => process.stderr.write(`loaded: ${[...loaded].sort().join(' ')}\n`))

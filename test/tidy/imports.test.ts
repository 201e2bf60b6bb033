import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe } from 'node:test'
import { houseRule, type Violation } from './house-rule.ts'
import {
  adapters,
  allowedPackages,
  compositionRoots,
  libraryHomes,
  pureModules,
  pureParts,
} from './package-rules.ts'
import { importsOf, packageOf, projectFiles, root, shippedFiles, withoutComments } from './source-files.ts'

const code = projectFiles().filter(({ path }) => path.endsWith('.ts') && packageOf(path) !== undefined)
const shipped = shippedFiles()

describe('imports', () => {
  houseRule('packages import only those below them', () =>
    code.flatMap((file) => {
      const own = packageOf(file.path) ?? ''
      // A package's tests may use every package below, the fakes and the suites.
      return importsOf(file)
        .map((name) => /^@mayfly\/([a-z-]+)/.exec(name)?.[1])
        .filter((name) => name !== undefined && name !== own && allowedPackages[own]?.includes(name) !== true)
        .map((name) => ({ path: file.path, what: `${own} may not import ${name}` }))
    }),
  )

  houseRule('shipped code stays within its package', () =>
    shipped.flatMap((file) => {
      const home = `packages/${packageOf(file.path)}/src/`
      return importsOf(file)
        .filter((name) => name.startsWith('.') && !normalize(join(dirname(file.path), name)).startsWith(home))
        .map((name) => ({ path: file.path, what: `imports ${name} from outside ${home}` }))
    }),
  )

  houseRule('zod is imported as a namespace, of which the bundle keeps only what is used', () =>
    shipped
      .filter(({ text }) => /^import (?:type )?\{[^}]*\} from 'zod'/m.test(text))
      .map(({ path }) => ({ path, what: "write import * as z from 'zod'" })),
  )

  houseRule('every import is a declared dependency', () =>
    shipped.flatMap((file) => {
      const declared = dependenciesOf(packageOf(file.path) ?? '')
      return importsOf(file)
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
        .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
        .filter((name) => !declared.includes(name))
        .map((name) => ({ path: file.path, what: `${name} is not in the package's dependencies` }))
    }),
  )

  houseRule('every declared dependency is imported', () =>
    Object.keys(allowedPackages).flatMap((name) => {
      if (name === 'test') return []
      const imported = shipped.filter(({ path }) => packageOf(path) === name).flatMap(importsOf)
      return dependenciesOf(name)
        .filter(
          (dependency) => !imported.some((used) => used === dependency || used.startsWith(`${dependency}/`)),
        )
        .map((dependency) => ({
          path: `packages/${name}/package.json`,
          what: `${dependency} is imported nowhere`,
        }))
    }),
  )

  houseRule('each library stays where it belongs', () =>
    shipped.flatMap((file) =>
      importsOf(file)
        .filter((name) => libraryHomes[name]?.test(file.path) === false)
        .map((name) => ({ path: file.path, what: `${name} does not belong here` })),
    ),
  )

  houseRule('ca-core is pure: no network, disk, environment or clock', () =>
    shipped
      .filter(({ path }) => packageOf(path) === 'ca-core')
      .flatMap((file) => [
        ...importsOf(file)
          .filter((name) => name.startsWith('node:') && !pureModules.includes(name))
          .map((name) => ({ path: file.path, what: `imports ${name}` })),
        ...impureParts(file.path, file.text),
        ...(/\bprocess\.|\bfetch\(|\bsetTimeout\b/.test(withoutComments(file.text))
          ? [{ path: file.path, what: 'uses process, fetch or a timer' }]
          : []),
      ]),
  )

  houseRule('only composition roots name adapters or read the environment', () =>
    shipped
      .filter(({ path }) => !compositionRoots.some((allowed) => allowed.test(path)))
      .filter(({ path }) => packageOf(path) !== 'client')
      .flatMap(({ path, text }) => {
        const words = [...adapters, 'process\\.env']
        return words
          .filter((word) => new RegExp(`\\b${word}\\b`).test(withoutComments(text)))
          .map((word) => ({ path, what: `names ${word.replace('\\', '')}` }))
      }),
  )
})

function impureParts(path: string, text: string): Violation[] {
  return Object.entries(pureParts).flatMap(([module, parts]) => {
    const imported = new RegExp(`import \\{([^}]*)\\} from '${module}'`).exec(text)?.[1]?.split(',') ?? []
    return imported
      .map((part) => part.replace(/\btype\b/, '').trim())
      .filter((part) => part !== '' && !parts.includes(part))
      .map((part) => ({ path, what: `imports ${part} of ${module}` }))
  })
}

function dependenciesOf(name: string): string[] {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
  // What a bundle has inside, its users need not install.
  const bundled = manifest.scripts?.build?.includes('bundle') ? manifest.devDependencies : {}
  return Object.keys({ ...manifest.dependencies, ...bundled })
}

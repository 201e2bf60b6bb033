import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'
import { agentVersion } from '@mayfly/agent'
import { errorCodes } from '@mayfly/ca-core'
import { houseRule } from './house-rule.ts'
import { allowedPackages } from './package-rules.ts'
import { root, shippedFiles } from './source-files.ts'

const names = Object.keys(allowedPackages).filter((name) => name !== 'test')

describe('packages', () => {
  houseRule('every package has a README', () =>
    names
      .map((name) => `packages/${name}/README.md`)
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => ({ path, what: 'is missing' })),
  )

  houseRule('packages agree in version, licence and engine', () => {
    const manifests = names.map((name) => ({ path: `packages/${name}/package.json`, manifest: read(name) }))
    return manifests.flatMap(({ path, manifest }) =>
      ['version', 'license', 'engines', 'type']
        .filter((key) => JSON.stringify(manifest[key]) !== JSON.stringify(manifests[0]?.manifest[key]))
        .map((key) => ({ path, what: `${key} differs from the other packages` })),
    )
  })

  houseRule('the agent tells its own version', () =>
    agentVersion === read('agent').version
      ? []
      : [{ path: 'packages/agent/src/version.ts', what: 'is not the version of its package' }],
  )

  houseRule('versions are exact', () =>
    names.flatMap((name) =>
      Object.entries(read(name).dependencies as Record<string, string>)
        .filter(([, version]) => version !== 'workspace:*' && !/^\d+\.\d+\.\d+$/.test(version))
        .map(([dependency, version]) => ({
          path: `packages/${name}/package.json`,
          what: `${dependency} ${version}`,
        })),
    ),
  )

  houseRule('every error code is used', () => {
    const code = shippedFiles()
      .filter(({ path }) => !/error-catalogue\.ts$|exit-codes\.ts$|http-status\.ts$/.test(path))
      .map(({ text }) => text)
      .join('\n')
    return errorCodes
      .filter((name) => !code.includes(`'${name}'`))
      .map((name) => ({
        path: 'packages/ca-core/src/errors/error-catalogue.ts',
        what: `nobody says ${name}`,
      }))
  })
})

function read(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
}

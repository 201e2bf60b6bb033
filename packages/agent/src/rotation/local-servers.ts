import { type Clock, type FileSystem, isMayflyError, MayflyError, type ProcessRunner } from '@mayfly/ca-core'
import { readSecret } from '@mayfly/platform'
import type { CertificateSettings } from '../configuration/certificate-settings.ts'
import { encodeFormats } from '../formats/encode-formats.ts'
import type { GenerationFile } from '../formats/generation-file.ts'
import type { Material } from '../formats/material.ts'
import { type LookOptions, lookAtPorts } from '../probing/look-at-ports.ts'
import { probeUntil } from '../probing/probe-until.ts'
import { proveMaterial } from '../proving/prove-material.ts'
import { formatsNeededBy, prepareServer } from '../servers/prepare-server.ts'
import { reloadContext } from '../servers/reload-context.ts'
import type { HostServers } from './host-servers.ts'

export interface LocalServersOptions {
  readonly fileSystem: FileSystem
  readonly processRunner: ProcessRunner
  readonly clock: Clock
  readonly live: string
  readonly name: string
  readonly settings: CertificateSettings
  /** How long the live ports are looked at; absent means as long as a reload may take. */
  readonly probeLimitMs?: number
  /** What does not hold up a rotation and should be mended all the same. */
  readonly onWarning: (warning: string) => void
}

/** The servers of this host, as the configuration names them. */
export function localServers(options: LocalServersOptions): HostServers {
  const { fileSystem, processRunner, clock, settings } = options
  const control = prepareServer(settings.reload, { fileSystem, processRunner })
  let latest: { material: Material; files: readonly GenerationFile[] } | undefined

  const goalOf = (material: Material): LookOptions & { readonly clock: Clock } => {
    const [leaf] = material.chain
    if (leaf === undefined) throw new TypeError('there is no leaf to look for')
    const { bundle } = material
    return {
      endpoints: settings.probe,
      expectedSerial: leaf.serial,
      clock,
      bundle,
      clientMaterial: material,
    }
  }

  return {
    prove: (material, expected) => proveMaterial(material, expected),

    async encode(material) {
      // Looked at every minute to see what was altered; deriving the key of a PKCS #12 store is slow.
      if (latest === undefined || !isSame(latest.material, material)) {
        latest = { material, files: await encode(material, options) }
      }
      return latest.files
    },

    async down() {
      try {
        await control.ready(await reloadContext(options))
      } catch (error) {
        // Of whatever else may be in the way the reload itself knows best.
        if (isMayflyError(error) && error.details.because === 'server-down') return error.message
      }
      return undefined
    },

    check: async () => control.check(await reloadContext(options)),
    reload: async () => control.reload(await reloadContext(options)),

    async probe(material) {
      let ended: string | undefined
      const isInVain = async (): Promise<boolean> => {
        ended = await control.ended?.()
        return ended !== undefined
      }
      const verdict = await probeUntil({
        ...goalOf(material),
        isInVain,
        ...(options.probeLimitMs !== undefined && { limitMs: options.probeLimitMs }),
      })
      // Where there is no port to look at, the process is all that can be seen.
      if (settings.probe.length === 0) await isInVain()
      if (ended !== undefined)
        throw new MayflyError('reload-failed', ended, { details: { because: 'ended' } })
      if (verdict.outcome === 'not-served') throw new MayflyError('probe-failed', verdict.message)
      for (const warning of verdict.warnings) options.onWarning(warning)
      return [...new Set(verdict.results.map(({ serial }) => serial))]
    },

    look: (material) => lookAtPorts(goalOf(material)),
  }
}

function isSame(one: Material, other: Material): boolean {
  return one.chainPem === other.chainPem && one.bundle === other.bundle
}

async function encode(material: Material, options: LocalServersOptions): Promise<readonly GenerationFile[]> {
  const { settings, fileSystem } = options
  const file = settings.keystorePasswordFile
  const formats = [...settings.formats, ...formatsNeededBy(settings.reload)]
  if (file === undefined) return encodeFormats(material, { formats })
  const keystorePassword = await readPassword(fileSystem, file)
  return encodeFormats(material, { formats, keystorePassword })
}

/** Read anew for every generation: what is not held cannot leak. */
function readPassword(fileSystem: FileSystem, file: string): Promise<Uint8Array> {
  return readSecret({ file }, { fileSystem, environment: {} })
}

import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { TrustError, type TrustErrorCode } from '../trust-error.ts'
import type { PemFile } from './own-certificate.ts'

/** Where the material is. `cert` and `key` come together; without them there is trust only. */
export interface MaterialPaths {
  readonly bundle: string
  readonly own?: { readonly cert: string; readonly key: string }
}

export interface MaterialFiles {
  readonly bundle: PemFile
  readonly own?: { readonly cert: PemFile; readonly key: PemFile }
}

/** A bundle of some hundred roots; more is a mistake and would be read at every change. */
const fileBytesMax = 1_048_576

/** The paths as they are meant now, wherever the process goes later. */
export function absolutePaths({ bundle, own }: MaterialPaths): MaterialPaths {
  if (own === undefined) return { bundle: resolve(bundle) }
  return { bundle: resolve(bundle), own: { cert: resolve(own.cert), key: resolve(own.key) } }
}

/** Every link in the folders' paths is resolved once, so that all files come from one generation. */
export function resolvePaths(paths: MaterialPaths): MaterialPaths {
  const folders = new Map<string, string>()
  function resolveFolder(path: string, code: TrustErrorCode): string {
    const folder = dirname(path)
    const resolved = folders.get(folder) ?? attempt(path, code, () => realpathSync(folder))
    folders.set(folder, resolved)
    return join(resolved, basename(path))
  }
  const bundle = resolveFolder(paths.bundle, 'bundle-missing')
  if (paths.own === undefined) return { bundle }
  const cert = resolveFolder(paths.own.cert, 'certificate-missing')
  return { bundle, own: { cert, key: resolveFolder(paths.own.key, 'key-missing') } }
}

/**
 * A text that differs whenever one of the files may have changed, for the price of a `stat` each.
 * Takes resolved paths.
 */
export function signatureOf(paths: MaterialPaths): string {
  return [paths.bundle, paths.own?.cert, paths.own?.key]
    .filter((path) => path !== undefined)
    .map(statText)
    .join('\n')
}

/** Throws `bundle-missing`, `certificate-missing`, `key-missing` or `file-unreadable`. */
export function readMaterialFiles(paths: MaterialPaths): MaterialFiles {
  const bundle = read(paths.bundle, 'bundle-missing')
  if (paths.own === undefined) return { bundle }
  const cert = read(paths.own.cert, 'certificate-missing')
  return { bundle, own: { cert, key: read(paths.own.key, 'key-missing') } }
}

function statText(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
    return [path, dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return `${path} ${systemCode(error)}`
  }
}

function read(path: string, missing: TrustErrorCode): PemFile {
  const content = attempt(path, missing, () => readFileSync(path))
  if (content.byteLength <= fileBytesMax) return { path, text: content.toString('latin1') }
  throw new TrustError('file-unreadable', `${path} is over ${fileBytesMax} bytes`, { details: { path } })
}

function attempt<T>(path: string, missing: TrustErrorCode, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    const code = systemCode(cause)
    const details = { path }
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new TrustError(missing, `There is no file ${path}; is the agent enrolled?`, { details, cause })
    }
    throw new TrustError('file-unreadable', `${path} cannot be read (${code})`, { details, cause })
  }
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}

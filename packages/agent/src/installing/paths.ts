import { dirname, join, resolve, sep } from 'node:path'
import { MayflyError, parseIdentityName } from '@mayfly/ca-core'

/** Where the files of one certificate are, or will be. */
export interface CertificatePlace {
  /** The folder that servers are pointed at, such as `/etc/mayfly/live`. */
  readonly live: string
  /** The certificate's name in the configuration. It is one path component, and checked to be. */
  readonly name: string
}

export interface GenerationPlace extends CertificatePlace {
  /** From 1. */
  readonly number: number
}

/** Sorts well in a listing; larger numbers are simply longer. */
const numberDigitsMin = 4

/** The symbolic link that names the installed generation: `<live>/web`. Throws `name-invalid`. */
export function livePath(live: string, name: string): string {
  return pathsOf(live, name).live
}

/** The folder that holds every generation: `<live>/../archive/web`. Throws `name-invalid`. */
export function archivePath(live: string, name: string): string {
  return pathsOf(live, name).archive
}

interface Paths {
  readonly live: string
  readonly archive: string
  /** Of every link's target, up to the number. */
  readonly targets: string
}

/** Every look asks for the same few. */
const known = new Map<string, Map<string, Paths>>()
const knownMax = 1_000

function pathsOf(live: string, name: string): Paths {
  const before = known.get(live)?.get(name)
  if (before !== undefined) return before
  const place = parseIdentityName(name)
  const paths = {
    live: join(resolve(live), place),
    archive: join(archiveRoot(live), place),
    targets: `../archive/${place}/`,
  }
  const others = known.get(live) ?? new Map<string, Paths>()
  if (known.size >= knownMax) known.clear()
  if (others.size >= knownMax) others.clear()
  known.set(live, others.set(name, paths))
  return paths
}

/** The folder of one generation: `<live>/../archive/web/0007`. Throws `name-invalid`. */
export function generationPath(live: string, name: string, number: number): string {
  return archivePath(live, name) + sep + formatGenerationNumber(number)
}

export function archiveRoot(live: string): string {
  return join(dirname(resolve(live)), 'archive')
}

/** What the live link holds. It is relative, so that both folders can be moved or mounted together. */
export function linkTarget(live: string, name: string, number: number): string {
  return pathsOf(live, name).targets + formatGenerationNumber(number)
}

/** `7` → `0007`. */
export function formatGenerationNumber(number: number): string {
  if (!Number.isSafeInteger(number) || number < 1) throw new TypeError(`${number} is no generation number`)
  return String(number).padStart(numberDigitsMin, '0')
}

/** `0007` → `7`; `undefined` for anything that `formatGenerationNumber` does not write. */
export function parseGenerationNumber(text: string): number | undefined {
  const number = /^\d{4,15}$/.test(text) ? Number(text) : 0
  return number > 0 && formatGenerationNumber(number) === text ? number : undefined
}

/** A file's name inside a generation: one plain component. Throws `name-invalid`. */
export function parseFileName(text: string): string {
  if (/^[a-z0-9][a-z0-9.-]{0,63}$/.test(text) && !text.includes('..')) return text
  throw new MayflyError('name-invalid', `${JSON.stringify(text)} is no name for a file of a generation.`)
}

import { EventEmitter } from 'node:events'
import type { TrustSettings } from '../options.ts'
import { TrustError } from '../trust-error.ts'
import { loadMaterial, type Material } from './material.ts'
import { absolutePaths, type MaterialPaths, resolvePaths, signatureOf } from './material-files.ts'
import { requireValid } from './own-certificate.ts'
import { watchMaterial } from './watch-material.ts'

interface LiveMaterialEvents {
  /** Other files are in use from now on. */
  rotation: [Material]
  /** What is on disk can't be used, so the old is kept. Told once for each cause. */
  problem: [TrustError]
}

/** A generation that is swapped while it is read is read again, this often. */
const readAttemptsMax = 3

/**
 * The newest usable material on disk. Looked at before each new connection (`ready`), when the
 * watcher tells, and every few seconds, so nothing depends on the watcher alone.
 */
export class LiveMaterial extends EventEmitter<LiveMaterialEvents> {
  readonly #paths: MaterialPaths
  readonly #settings: TrustSettings
  readonly #stopWatching: () => Promise<void>
  #held: Material
  #heldSignature: string
  #refusedSignature: string | undefined
  #told: string | undefined
  #closed = false

  /** Throws a `TrustError` when there is nothing usable to begin with. */
  constructor(paths: MaterialPaths, settings: TrustSettings) {
    super()
    // One listener for each agent, dispatcher and server made from it.
    this.setMaxListeners(0)
    this.#paths = absolutePaths(paths)
    this.#settings = settings
    const { material, signature } = this.#read()
    this.#held = material
    this.#heldSignature = signature
    this.#stopWatching = watchMaterial(this.#paths, {
      changed: () => this.refresh(),
      failed: (error) => this.#tell(error),
    })
  }

  /** What is in use, without a look at the disk. */
  get held(): Material {
    return this.#held
  }

  /** The newest material, for a connection that starts now. Throws when this side can't start one. */
  ready(): Material {
    if (this.#closed) throw new TrustError('closed', 'This identity was closed; open it again to connect.')
    this.refresh()
    if (this.#held.own !== undefined) requireValid(this.#held.own, this.#settings.now())
    return this.#held
  }

  /** Takes what is on disk into use if it is other than what is held, and usable. */
  refresh(): void {
    if (this.#closed) return
    try {
      const signature = signatureOf(resolvePaths(this.#paths))
      if (signature === this.#heldSignature) {
        this.#refusedSignature = undefined
        this.#told = undefined
      } else if (signature !== this.#refusedSignature) {
        this.#takeNewer()
      }
    } catch (error) {
      this.#tell(asTrustError(error))
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.removeAllListeners()
    await this.#stopWatching()
  }

  #takeNewer(): void {
    const { material, signature } = this.#read()
    // A generation for later must not replace one that works. It is looked at again each time.
    if (material.own !== undefined) requireValid(material.own, this.#settings.now())
    this.#held = material
    this.#heldSignature = signature
    this.#refusedSignature = undefined
    this.#told = undefined
    this.emit('rotation', material)
  }

  /** Reads one generation whole: the files are the same before and after. */
  #read(): { material: Material; signature: string } {
    for (let attempt = 1; ; attempt += 1) {
      const paths = resolvePaths(this.#paths)
      const signature = signatureOf(paths)
      const outcome = this.#tryLoad(paths)
      const isStable = signatureOf(resolvePaths(this.#paths)) === signature
      if (isStable && outcome.ok) return { material: outcome.material, signature }
      if (isStable && !outcome.ok) {
        this.#refusedSignature = signature
        throw outcome.error
      }
      if (attempt === readAttemptsMax) {
        throw new TrustError('file-unreadable', `${this.#paths.bundle} changes while it is read.`)
      }
    }
  }

  #tryLoad(paths: MaterialPaths): { ok: true; material: Material } | { ok: false; error: unknown } {
    try {
      return { ok: true, material: loadMaterial(paths, this.#settings, this.#settings.now()) }
    } catch (error) {
      return { ok: false, error }
    }
  }

  #tell(error: TrustError): void {
    const told = `${error.code} ${error.message}`
    if (told === this.#told) return
    this.#told = told
    this.emit('problem', error)
  }
}

function asTrustError(error: unknown): TrustError {
  return error instanceof TrustError
    ? error
    : new TrustError('file-unreadable', 'The material cannot be read', { cause: error })
}

import type { Instant } from '@mayfly/ca-core'
import type { Setback, Track } from '../state/setback.ts'

/** What a person may want to read about a certificate afterwards; goes to the log and the history. */
export type RotationEvent =
  | { readonly event: 'enrolled'; readonly identity: string; readonly serial: string }
  | { readonly event: 'scheduled'; readonly mintAt: Instant }
  | {
      readonly event: 'received'
      readonly serial: string
      readonly notAfter: Instant
      /** Whose it is. */
      readonly issuer: string
    }
  /** One of several issuers gave a certificate that is of no use; the next one is asked. */
  | { readonly event: 'answer-refused'; readonly issuer: string; readonly because: string }
  | {
      readonly event: 'installed'
      readonly generation: number
      readonly serial: string
      readonly because: string
    }
  | {
      readonly event: 'served'
      readonly generation: number
      readonly serial: string
      readonly notAfter: Instant
    }
  | { readonly event: 'put-back'; readonly generation: number; readonly paths: readonly string[] }
  /** A port had come to serve something else between rotations, and a reload has mended it. */
  | {
      readonly event: 'port-mended'
      readonly generation: number
      readonly serial: string
      readonly was: string
    }
  | { readonly event: 'adopted'; readonly serial: string; readonly because: string }
  | { readonly event: 'bundle'; readonly sequence: number }
  | { readonly event: 'key-dropped'; readonly keyHash: string; readonly because: string }
  | { readonly event: 'failed'; readonly track: Track; readonly setback: Setback }
  | { readonly event: 'recovered'; readonly track: Track; readonly attempts: number }

/** Takes the events of one certificate; never throws. */
export type Tell = (event: RotationEvent) => void

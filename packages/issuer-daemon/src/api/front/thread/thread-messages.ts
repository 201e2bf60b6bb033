import type { TlsMaterial } from '../../../tls/tls-parameters.ts'
import type { FrontLimits } from '../front.ts'
import type { Flat } from './flat.ts'
import type { AnswerAlone } from './packed-answers.ts'
import type { PackedError } from './packed-error.ts'

/** What the front's thread tells the core's: all of one turn of its loop in one message. */
export type FrontReport =
  | { readonly is: 'open'; readonly port: number }
  /** It cannot listen. */
  | { readonly is: 'refused'; readonly error: PackedError }
  | {
      readonly is: 'turn'
      readonly arrivals: Flat
      readonly ended: Flat
      readonly alone: readonly AnswerAlone[]
    }
  | { readonly is: 'awake' }
  | { readonly is: 'closed' }

/** What the core's thread tells the front's. */
export type FrontOrder =
  | { readonly do: 'tell'; readonly told: Flat }
  | { readonly do: 'present'; readonly material: TlsMaterial }
  | { readonly do: 'follow'; readonly limits: FrontLimits }
  /** To say that it is awake. */
  | { readonly do: 'answer' }
  | { readonly do: 'close' }

import type { Instant } from '@mayfly/ca-core'

/** Which of the two certificates in the state an action is about. */
export type Holder = 'head' | 'candidate'

/** One thing to do next for a certificate, and why. */
export type RotationAction =
  | { readonly do: 'refresh-bundle'; readonly because: 'due' }
  | { readonly do: 'make-key'; readonly immediate: boolean; readonly because: MakeKeyReason }
  | { readonly do: 'request'; readonly immediate: boolean; readonly because: RequestReason }
  | { readonly do: 'fetch'; readonly because: 'minted' }
  | { readonly do: 'adopt'; readonly because: 'half-life' | 'head-expired' }
  | {
      readonly do: 'install'
      readonly holder: Holder
      readonly because: InstallReason
      /** Nothing is touched while the server is down or fails its own test: it can go on with the certificate before. */
      readonly hasWayBack?: true
    }
  | { readonly do: 'put-back'; readonly holder: Holder; readonly because: 'files-differ' }
  | { readonly do: 'serve'; readonly holder: Holder; readonly because: 'installed' }
  | { readonly do: 'look'; readonly because: 'due' | 'wrong-before' }
  | { readonly do: 'wait'; readonly until: Instant; readonly because: WaitReason }

export type MakeKeyReason = 'ahead' | 'overdue' | 'forced' | 'untrusted' | 'names-changed' | 'other-key-type'
export type RequestReason =
  | 'new-key'
  | 'overdue'
  | 'forced'
  | 'untrusted'
  | 'names-changed'
  | 'clock-went-back'
  | 'unanswered'
export type InstallReason = 'not-installed' | 'new-certificate' | 'new-bundle' | 'go-back'
export type WaitReason =
  | 'bundle-fresh'
  | 'scheduled'
  | 'back-off'
  | 'not-yet-valid'
  | 'half-life'
  | 'ports-looked-at'

export type Wait = Extract<RotationAction, { do: 'wait' }>

/** Kinds of agents that are told apart; there are a few in any real fleet, and this many where somebody plays. */
export const agentKindsMax = 1_000

/** How many agents told the same of themselves in their last accepted request. */
export interface AgentKind {
  readonly version: string
  /** Of the trust bundle that they hold. */
  readonly bundleSequence: number
  readonly agents: number
}

/** A certificate whose host has not signed a request with its key yet, which it does once it is installed. */
export interface UnfetchedCertificate {
  readonly identity: string
  readonly serial: string
  readonly notAfter: number
}

/** What is known of all hosts together. */
export interface FleetFigures {
  /** The most frequent first, at most `agentKindsMax`. Hosts that are gone are counted as they were last. */
  readonly agents: readonly AgentKind[]
  /** Of those that have not ended, and whose identity is not suspended. */
  readonly oldestUnfetched?: UnfetchedCertificate
}

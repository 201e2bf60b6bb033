/** What a leaf may be used for: to serve, to call, or both. */
export const profileNames = ['server', 'client', 'peer'] as const

export type ProfileName = (typeof profileNames)[number]

export function makeScratch(parent?: string): { scratch: string; temporary: string }
export function removeScratch(scratch: string): void

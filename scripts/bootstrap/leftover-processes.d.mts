export function endLeftovers(folder: string): string[]

export function installedFile(pattern: string): string | undefined

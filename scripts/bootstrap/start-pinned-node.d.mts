export function describeFailure(root: string, purpose: string, failure: string): string

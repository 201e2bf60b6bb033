import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a unit as shipped sets; it may say things that cost or save memory. Paths that systemd fills in are left out. */
export async function unitEnvironment(unit: string): Promise<Record<string, string>> {
  const text = await readFile(join(import.meta.dirname, '../../packaging/systemd', unit), 'utf8')
  return environmentIn(text)
}

/** The lines `Environment=NAME=VALUE` and `Environment="NAME=VALUE"` of a unit. */
export function environmentIn(unitText: string): Record<string, string> {
  const lines = unitText.matchAll(/^Environment="?(\w+)=([^%"\n]*)"?$/gm)
  return Object.fromEntries([...lines].map(([, name, value]) => [name, value]))
}

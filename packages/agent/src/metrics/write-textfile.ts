import type { FileAccess, FileSystem } from '@mayfly/ca-core'
import type { Registry } from 'prom-client'

const textfileAccess: FileAccess = { mode: 0o644 }

/** Replaces a file for the textfile collector of node_exporter. */
export async function writeTextfile(fileSystem: FileSystem, path: string, registry: Registry): Promise<void> {
  await fileSystem.replaceFile(path, new TextEncoder().encode(await registry.metrics()), textfileAccess)
}

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pages } from './docs/pages.ts'

/** Writes the pages that are made from the code. */
for (const [path, page] of Object.entries(pages)) {
  await writeFile(join(import.meta.dirname, '..', path), page())
  console.log(`wrote ${path}`)
}

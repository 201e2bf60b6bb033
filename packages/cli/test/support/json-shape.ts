import assert from 'node:assert/strict'
import * as z from 'zod'
import { jsonLines, jsonOutputs } from '../../src/json/json-outputs.ts'

/** Fails where a command has printed something else than its schema says; nothing printed is an error told elsewhere. */
export function assertJsonShape(args: readonly string[], stdout: string): void {
  if (stdout === '') return
  const words = [args.slice(0, 2).join(' '), args[0] ?? ''].find((some) => some in jsonOutputs)
  const schema = words === undefined ? undefined : jsonOutputs[words]
  assert.ok(words !== undefined && schema !== undefined, `there is no schema for ${args.join(' ')}`)
  const texts = jsonLines.includes(words) ? stdout.trimEnd().split('\n') : [stdout]
  for (const text of texts) {
    const { error } = schema.safeParse(JSON.parse(text))
    assert.ok(error === undefined, `${words}: ${error && z.prettifyError(error)}\n${text}`)
  }
}

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { mayfly } from '../support/run-mayfly.ts'
import { runIssuer } from '../support/running-issuer.ts'

test('identity apply: ten thousand from a file, shown, done at once, and nothing left to do', async (context) => {
  const { ask, config, folder } = await runIssuer(context)
  const file = join(folder, 'identities.yaml')
  await ask('identity', 'add', 'old-1', '--name', 'dns:old-1.example')
  const count = 10_000
  const lines = Array.from(
    { length: count },
    (_, index) => `  web-${index}: { names: [web-${index}.example] }`,
  )
  await writeFile(file, ['identities:', ...lines, ''].join('\n'))
  const apply = ['identity', 'apply', '-f', file]
  const dry = await ask(...apply, '--dry-run')
  assert.deepEqual(
    [dry.exitCode, dry.applied, (dry.added as unknown as unknown[]).length, dry.left],
    [11, false, count, ['old-1']],
  )
  assert.equal((await ask('identity', 'show', 'web-7')).code, 'identity-unknown')
  const done = await ask(...apply)
  assert.deepEqual(
    [done.exitCode, done.applied, (done.added as unknown as unknown[]).length],
    [0, true, count],
  )
  const again = await ask(...apply, '--dry-run')
  assert.deepEqual([again.exitCode, again.unchanged], [0, count])

  await writeFile(
    file,
    'identities:\n  web-1: { profile: peer, names: [web-1.example] }\n  web-2: { names: [web-2.example] }\n',
  )
  const shown = await mayfly([...apply, '--dry-run', '--prune', '--config', config])
  assert.equal(shown.exitCode, 11)
  assert.match(shown.stdout, /^Would be done: 0 to add, 1 to change, 9999 to suspend, 1 as declared\n/)
  assert.match(shown.stdout, /~ web-1: server dns:web-1\.example\n {2}-> peer dns:web-1\.example\n/)
  assert.match(shown.stdout, /- old-1: suspended, for it is not declared\n/)
  assert.match(shown.stdout, /… and 9899 more\n$/)
  const kept = await mayfly([...apply, '--config', config])
  assert.match(kept.stdout, /^Applied: 0 added, 1 changed, 0 suspended, 1 as declared\n/)
  assert.match(kept.stdout, /9999 not declared, and left; --prune suspends them:\n {2}= old-1\n/)
  assert.equal((await ask('identity', 'show', 'old-1')).state, 'new' as never)

  await writeFile(file, 'identities: {}\n')
  const none = await mayfly([...apply, '--prune', '--dry-run', '--config', config])
  assert.equal(none.exitCode, 3)
  assert.match(none.stderr, /declares no identity, and --prune would suspend every one\. Nothing was done/)

  await writeFile(file, 'identities:\n  web-1: { nams: [web-1.example] }\n')
  const wrong = await mayfly([...apply, '--config', config])
  assert.equal(wrong.exitCode, 3)
  assert.match(
    wrong.stderr,
    /identities\.yaml:2:12: identities\.web-1\.nams: is not a known key; did you mean names\?/,
  )

  const piped = ['identity', 'apply', '-f', '-', '--config', config]
  const one = { input: 'identities:\n  web-1: { names: [web-1.piped.example] }\n' }
  const plan = await mayfly([...piped, '--dry-run'], one)
  assert.equal(plan.exitCode, 11, plan.stderr)
  assert.match(plan.stdout, /^Would be done: 0 to add, 1 to change, 0 to suspend, 0 as declared\n/)
  assert.match((await mayfly(piped, one)).stdout, /^Applied: 0 added, 1 changed, 0 suspended/)
  assert.deepEqual((await ask('identity', 'show', 'web-1')).names, ['dns:web-1.piped.example'] as never)
  const broken = await mayfly(piped, { input: 'identities:\n  web-1: { nams: [] }\n' })
  assert.equal(broken.exitCode, 3)
  assert.match(broken.stderr, /standard input:2:12: identities\.web-1\.nams: is not a known key/)
  const empty = await mayfly([...piped, '--prune'], { input: 'identities: {}' })
  assert.equal(empty.exitCode, 3)
  assert.match(empty.stderr, /standard input declares no identity, and --prune/)
  // Endless, as `yes` is: it is refused before all of it is read.
  const endless = await mayfly(piped, { input: '# padding\n'.repeat(4 * 1_048_576) })
  assert.equal(endless.exitCode, 3)
  assert.match(endless.stderr, /standard input:1:1: the file is larger than 16777216 bytes/)
})

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { mayfly } from '../support/run-mayfly.ts'
import { runIssuer } from '../support/running-issuer.ts'

const { ask, config } = await runIssuer({ after })

test('identity commands: an identity from its beginning to its suspension and back', async () => {
  const added = await ask('identity', 'add', 'web-1', '--profile', 'peer', '--name', 'dns:WEB-1.example')
  assert.deepEqual(
    [added.name, added.profile, added.names, added.state],
    ['web-1', 'peer', ['dns:web-1.example'], 'new'],
  )
  assert.deepEqual(
    [
      (await ask('identity', 'add', 'web-1', '--name', 'dns:other.example')).exitCode,
      (await ask('identity', 'add', '../x')).code,
    ],
    [8, 'name-invalid'],
  )
  const { identities } = await ask('identity', 'list')
  const listed = (identities as unknown as { name: string }[]).map(({ name }) => name)
  assert.ok(listed.includes('issuer') && listed.includes('web-1'), String(listed))
  assert.equal((await ask('identity', 'suspend', 'web-1')).state, 'suspended')
  const suspended = await ask('identity', 'list', '--state', 'suspended')
  assert.equal((suspended.identities as unknown as unknown[]).length, 1)
  assert.equal((await ask('identity', 'resume', 'web-1')).exitCode, 0)
  assert.equal((await ask('identity', 'show', 'web-1')).state, 'new')
  assert.deepEqual((await ask('identity', 'show', 'web-2')).code, 'identity-unknown')
})

test('identity list: filters, for a program and for a person', async () => {
  for (const name of ['app-1', 'app-2', 'db-1'])
    await ask('identity', 'add', name, '--name', `dns:${name}.example`)
  const found = async (...args: string[]) =>
    ((await ask('identity', 'list', ...args)).identities as unknown as { name: string }[]).map(
      ({ name }) => name,
    )
  assert.deepEqual(await found('--name', 'app-*'), ['app-1', 'app-2'])
  assert.deepEqual(await found('--state', 'new', '--seen-before', '1s', '--name', 'app-*'), [
    'app-1',
    'app-2',
  ])
  assert.deepEqual(await found('--overdue'), [])
  assert.deepEqual(await found('--bundle-behind', '--agent-version', '1.0.0'), [])
  const shown = await mayfly([
    'identity',
    'list',
    '--profile',
    'server',
    '--name',
    'db-*',
    '--config',
    config,
  ])
  assert.match(shown.stdout, /^IDENTITY +STATE +PROFILE .*\ndb-1 +new +server .* dns:db-1\.example\n$/)
  const many = ['a', 'b', 'c', 'd', 'e'].flatMap((host) => ['--name', `dns:${host}.many.example`])
  await ask('identity', 'add', 'many', ...many)
  const shortened = await mayfly(['identity', 'list', '--name', 'many', '--config', config])
  assert.match(
    shortened.stdout,
    / dns:a\.many\.example dns:b\.many\.example dns:c\.many\.example and 2 more\n$/,
  )
  const none = await mayfly(['identity', 'list', '--due', '--config', config])
  assert.equal(none.stdout, 'There are no such identities.\n')
  assert.equal((await ask('identity', 'list', '--name', 'WEB;')).code, 'request-invalid')
  assert.equal((await ask('identity', 'list', '--seen-before', 'noon')).code, 'usage')
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { adminClient } from '../../src/admin/admin-client.ts'

test('admin client: an issuer that closes idle connections as the next request comes → every request is answered', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'admin-client-'))
  t.after(() => rm(folder, { recursive: true }))
  const used = new Set<Socket>()
  const issuer = createServer((request, response) => {
    if (used.has(request.socket)) return request.socket.destroy()
    used.add(request.socket)
    return response.setHeader('content-type', 'application/json').end('{ "tokens": [] }')
  }).listen(join(folder, 'admin.sock'))
  await once(issuer, 'listening')
  t.after(() => {
    issuer.closeAllConnections()
    issuer.close()
  })
  const client = adminClient(join(folder, 'admin.sock'))
  for (let time = 0; time < 3; time += 1) assert.deepEqual(await client.listTokens(), [])
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isMayflyError, type MayflyError, readEnrolmentToken } from '@mayfly/ca-core'
import { type AdminClient, adminClient } from '../../src/admin/admin-client.ts'
import { type DelegatedIssuer, startDelegatedIssuer } from '../support/delegated-issuer.ts'
import type { LiveIssuer } from '../support/live-issuer.ts'

let issuer: DelegatedIssuer
let live: LiveIssuer
let folder: string
let web: AdminClient
let watch: AdminClient

before(async () => {
  issuer = await startDelegatedIssuer()
  ;({ live, folder, web, watch } = issuer)
})
after(() => issuer.close())

const server = (name: string, ...names: string[]) => ({ name, profile: 'server', names }) as const

test('delegate: its own names → tokens, identities, lists of them and nothing of others', async () => {
  const { token, jti } = await web.createToken({
    identity: 'web-1',
    names: ['dns:a.web.test', 'ip:10.1.2.3'],
  })
  const claims = readEnrolmentToken(token)
  assert.equal(claims.expiresAt - claims.issuedAt, 600_000)
  await web.addIdentity(server('web-2', 'dns:web.test'))
  assert.equal((await web.suspendIdentity('web-own')).state, 'suspended')
  assert.equal((await web.resumeIdentity('web-own')).identity.state, 'new')
  assert.deepEqual(
    (await web.listIdentities()).identities.map(({ name }) => name),
    ['web-1', 'web-2', 'web-own'],
  )
  await live.admin.createToken({ identity: 'db-1' })
  assert.deepEqual(
    (await web.listTokens()).map(({ identity }) => identity),
    ['web-1'],
  )
  await web.revokeToken(jti)
  assert.equal((await watch.status()).bundleSequence, 1)
})

test('delegate: who suspended → may resume; an admin with the same rights too, another one not', async () => {
  const night = adminClient(join(folder, 'night.sock'))
  const others = adminClient(join(folder, 'servers.sock'))
  const suspender = async () => (await live.admin.showIdentity('web-own')).suspension?.by
  const refused = async (admin: AdminClient, says: RegExp) => {
    const error = await admin.resumeIdentity('web-own').catch((thrown: unknown) => thrown)
    assert.ok(isMayflyError(error, 'forbidden'), String(error))
    assert.match(error.message, says)
    assert.equal((await live.admin.showIdentity('web-own')).state, 'suspended')
  }

  await web.suspendIdentity('web-own')
  assert.equal(await suspender(), 'web-team')
  await refused(others, /was suspended by the admin web-team\. The admin all-servers may resume only/)
  await night.suspendIdentity('web-own')
  await night.resumeIdentity('web-own')

  await live.admin.suspendIdentity('web-own')
  assert.equal(await suspender(), undefined)
  await web.suspendIdentity('web-own')
  await refused(web, /was suspended by the owner of the issuer/)
  await live.admin.resumeIdentity('web-own')

  // The owner says it too: from then on the delegate does not decide alone.
  for (const second of [live.admin, others]) {
    await web.suspendIdentity('web-own')
    await second.suspendIdentity('web-own')
    await refused(web, /by the owner of the issuer, or by two admins/)
    await live.admin.resumeIdentity('web-own')
  }
  await web.suspendIdentity('web-own')
  const { identities } = await live.admin.listIdentities()
  const declared = identities.filter(({ name }) => name !== 'web-own')
  const { pruned } = await live.admin.applyIdentities({
    identities: declared.map(({ name, profile, names }) => ({ name, profile, names })).filter(isNoIssuer),
    prune: true,
    dryRun: false,
  })
  assert.deepEqual(pruned, ['web-own'])
  await refused(web, /by the owner/)
  await live.admin.resumeIdentity('web-own')
})

const isNoIssuer = ({ name }: { readonly name: string }): boolean => name !== 'issuer'

interface Refusal {
  readonly what: string
  readonly action: string
  readonly says: RegExp
  readonly by?: () => AdminClient
  try(admin: AdminClient): Promise<unknown>
}

const refusals: readonly Refusal[] = [
  {
    what: 'a token for a name outside',
    action: 'token.create',
    says: /only names in dns:web\.test, dns:localhost, ip:10\.1\.0\.0\/16 are its own, not dns:xweb\.test/,
    try: (admin) => admin.createToken({ identity: 'web-3', names: ['dns:a.web.test', 'dns:xweb.test'] }),
  },
  {
    what: 'a wildcard beside its names',
    action: 'token.create',
    says: /not dns:\*\.xweb\.test/,
    try: (admin) => admin.createToken({ identity: 'web-3', names: ['dns:*.xweb.test'] }),
  },
  {
    what: 'a name of a type without a range',
    action: 'token.create',
    says: /not uri:spiffe:\/\/test\.internal\/x/,
    try: (admin) => admin.createToken({ identity: 'web-3', names: ['uri:spiffe://test.internal/x'] }),
  },
  {
    what: 'a token for an identity with another name beside its own',
    action: 'token.create',
    says: /not dns:db\.test/,
    try: (admin) => admin.createToken({ identity: 'web-other' }),
  },
  {
    what: 'an identity called otherwise',
    action: 'token.create',
    says: /its name is none of web-\*/,
    try: (admin) => admin.createToken({ identity: 'db-1' }),
  },
  {
    what: 'another profile',
    action: 'token.create',
    says: /its profile client is none of server/,
    try: (admin) => admin.createToken({ identity: 'web-3', profile: 'client', names: ['dns:c.web.test'] }),
  },
  {
    what: 'a token that lives longer',
    action: 'token.create',
    says: /live 600 s at most, and this one would live 900 s/,
    try: (admin) => admin.createToken({ identity: 'web-own', lifetimeSeconds: 900 }),
  },
  {
    what: "a token for the issuer's own identity",
    action: 'token.create',
    says: /issuer/,
    try: (admin) => admin.createToken({ identity: 'issuer' }),
  },
  {
    what: 'an identity with a name outside',
    action: 'identity.add',
    says: /not ip:10\.2\.0\.1/,
    try: (admin) => admin.addIdentity(server('web-3', 'ip:10.2.0.1')),
  },
  {
    what: 'the name of the issuer itself, which its ranges hold',
    action: 'token.create',
    says: /dns:localhost stands for the issuer itself/,
    try: (admin) => admin.createToken({ identity: 'web-4', names: ['dns:a.web.test', 'dns:localhost'] }),
  },
  {
    what: 'a wildcard that stands for a name of the issuer',
    action: 'identity.add',
    says: /dns:\*\.web\.test stands for the issuer itself/,
    try: (admin) => admin.addIdentity(server('web-5', 'dns:*.web.test')),
  },
  {
    what: 'suspending what is not its own',
    action: 'identity.suspend',
    says: /no say over the identity db-1/,
    try: (admin) => admin.suspendIdentity('db-1'),
  },
  {
    what: 'resuming what is not its own',
    action: 'identity.resume',
    says: /no say over the identity web-peer/,
    try: (admin) => admin.resumeIdentity('web-peer'),
  },
  {
    what: 'looking at what is not its own',
    action: 'identity.show',
    says: /no say over the identity db-1/,
    try: (admin) => admin.showIdentity('db-1'),
  },
  {
    what: "revoking another's token",
    action: 'token.revoke',
    says: /no say over the identity db-1/,
    async try(admin) {
      const [token] = (await live.admin.listTokens()).filter(({ identity }) => identity === 'db-1')
      return admin.revokeToken(token?.jti ?? '')
    },
  },
  {
    what: 'the status',
    action: 'status',
    says: /may identities\.read, .*"status"/,
    try: (admin) => admin.status(),
  },
  { what: 'the audit', action: 'audit.read', says: /"audit"/, try: (admin) => admin.readAudit() },
  { what: 'the clock', action: 'clock.accept', says: /for the owner/, try: (admin) => admin.acceptClock() },
  {
    what: 'what a restore forgot',
    action: 'forgotten.accept',
    says: /for the owner/,
    try: (admin) => admin.acceptForgotten(),
  },
  {
    what: 'an alarm',
    action: 'alarm.acknowledge',
    says: /for the owner/,
    try: (admin) => admin.acknowledgeAlarm('store-restored'),
  },
  {
    what: 'a token without that power',
    action: 'token.create',
    by: () => watch,
    says: /The admin watch may status; this takes "tokens"/,
    try: (admin) => admin.createToken({ identity: 'web-own' }),
  },
]

for (const { what, action, says, by, try: attempt } of refusals) {
  test(`administrator's tool that may everything: a delegate, ${what} → forbidden, with the reason, and in the audit by name`, async () => {
    const admin = by?.() ?? web
    const name = by === undefined ? 'web-team' : 'watch'
    const error = await attempt(admin).then(
      () => assert.fail('was allowed'),
      (thrown: unknown) => thrown as MayflyError,
    )
    assert.ok(isMayflyError(error), String(error))
    assert.match(error.message, says)
    const { requestId } = error.details
    const { number } = await live.store.auditEnd()
    const records = await live.store.auditRecords({ afterNumber: Math.max(0, number - 5), limit: 10 })
    const record = records.map(({ text }) => JSON.parse(text)).find((found) => found.requestId === requestId)
    assert.deepEqual([record?.action, record?.outcome, record?.reason], [action, 'refused', error.code])
    assert.deepEqual(record?.actor, { kind: 'admin', name })
    // What the admin may never do is refused before it is read.
    const isAboutOne = /^(?:identity\.(?:add|show|suspend|resume)|token\.create)$/.test(action)
    if (isAboutOne && !/^The admin \S+ may /.test(error.message)) assert.match(record?.identity, /^[a-z]+/)
    if (action !== 'token.create' || !what.includes('own identity')) assert.equal(error.code, 'forbidden')
  })
}

test('delegate: nothing that was refused → is there', async () => {
  for (const name of ['web-3']) {
    await assert.rejects(live.admin.showIdentity(name), (error) => isMayflyError(error, 'identity-unknown'))
  }
  assert.equal((await live.admin.showIdentity('db-1')).state, 'new')
})

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { generateKeyPair, hourMs, parseNameRange, parseNames } from '@mayfly/ca-core'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'
import type { AdminRights } from '../../src/admin/admin-rights.ts'
import type { ApplyIdentitiesOrder } from '../../src/identities/apply-identities.ts'
import { readIdentitiesFile } from '../../src/identities/identities-file.ts'
import { assertRefused } from '../support/assert-refused.ts'
import { attempted, auditOf, createHost, createIssuerKit, type IssuerKit } from '../support/issuer-kit.ts'

const server = (name: string, ...names: string[]) => ({ name, profile: 'server', names }) as const

describe('declared identities', () => {
  let kit: IssuerKit
  beforeEach(async () => {
    kit = await createIssuerKit()
  })
  afterEach(() => kit.close())

  const apply = (order: Partial<ApplyIdentitiesOrder>, rights?: AdminRights) =>
    attempted(kit.issuer, 'identity.apply', undefined, (attempt) =>
      kit.issuer.applyIdentities({ identities: [], prune: false, dryRun: false, ...order }, attempt, rights),
    )
  const suspend = (name: string) =>
    attempted(kit.issuer, 'identity.suspend', undefined, (attempt) =>
      kit.issuer.suspendIdentity(name, attempt),
    )
  const stored = async (): Promise<string[]> =>
    (await kit.issuer.listIdentities()).identities.map(
      ({ name, state, profile, names }) => `${name} ${state} ${profile} ${names.join(',')}`,
    )

  it('declared → added, changed and left; again → nothing to do', async () => {
    await apply({
      identities: [server('a', 'dns:a.example'), server('b', 'dns:b.example'), server('c', 'dns:c.example')],
    })
    const order = {
      identities: [
        server('b', 'dns:b.example'),
        { name: 'c', profile: 'peer', names: ['c2.example', 'dns:c.example'] } as const,
        server('d', 'dns:d.example'),
      ],
    }
    const dry = await apply({ ...order, dryRun: true })
    const before = await stored()
    assert.deepEqual(before, [
      'a new server dns:a.example',
      'b new server dns:b.example',
      'c new server dns:c.example',
    ])
    const done = await apply(order)
    assert.deepEqual(done, {
      applied: true,
      added: [server('d', 'dns:d.example')],
      changed: [
        {
          name: 'c',
          from: { profile: 'server', names: ['dns:c.example'] },
          to: { profile: 'peer', names: ['dns:c2.example', 'dns:c.example'] },
        },
      ],
      pruned: [],
      unchanged: 1,
      suspended: [],
      left: ['a'],
      leftCount: 1,
    })
    assert.deepEqual(dry, { ...done, applied: false })
    assert.deepEqual(await stored(), [
      'a new server dns:a.example',
      'b new server dns:b.example',
      'c new peer dns:c2.example,dns:c.example',
      'd new server dns:d.example',
    ])
    const again = await apply(order)
    assert.deepEqual([again.added, again.changed, again.unchanged], [[], [], 3])
  })

  it('prune → what is not declared is suspended, and its staged key gets nothing', async () => {
    const host = createHost(() => kit, 'old', '192.0.2.1')
    await host.enroll()
    await host.request()
    const done = await apply({ identities: [server('new', 'dns:new.example')], prune: true })
    assert.deepEqual([done.pruned, done.left], [['old'], []])
    await kit.clock.advance(12 * hourMs)
    assert.equal((await kit.issuer.sweep({ until: kit.clock.now() })).due, 0)
    const keyPair = await generateKeyPair('ec-p256')
    await assertRefused('identity-suspended', host.request({ keyPair }), kit)
    assert.deepEqual(
      (await apply({ identities: [server('new', 'dns:new.example')], prune: true })).pruned,
      [],
    )
  })

  it("prune → the issuer's own identity is not among what is looked at", async () => {
    const { publicKey } = await generateKeyPair('ec-p256')
    await kit.issuer.mintOwn({ name: 'issuer', names: parseNames(['dns:ca.example']), publicKey })
    const done = await apply({ identities: [server('new', 'dns:new.example')], prune: true })
    assert.deepEqual([done.pruned, done.left], [[], []])
    assert.equal((await kit.issuer.showIdentity('issuer')).state, 'active')
  })

  it('the names in another order → as declared', async () => {
    const names = ['dns:a.example', 'dns:b.example']
    await apply({ identities: [server('a', ...names)] })
    const done = await apply({ identities: [server('a', ...names.toReversed())] })
    assert.deepEqual([done.changed, done.unchanged], [[], 1])
  })

  it('declared and suspended → told, and not resumed', async () => {
    await apply({ identities: [server('a', 'dns:a.example')] })
    await suspend('a')
    const done = await apply({ identities: [server('a', 'dns:a2.example')] })
    assert.deepEqual(done.suspended, ['a'])
    assert.deepEqual(await stored(), ['a suspended server dns:a2.example'])
  })

  it('one that is wrong → nothing at all is done', async () => {
    for (const [code, wrong] of [
      ['name-invalid', server('b', 'dns:no name')],
      ['name-invalid', server('b')],
      ['identity-exists', server('issuer', 'dns:b.example')],
      ['identity-exists', server('a', 'dns:b.example')],
    ] as const) {
      await assertRefused(code, apply({ identities: [server('a', 'dns:a.example'), wrong] }), kit)
    }
    assert.deepEqual(await stored(), [])
  })

  it('overtaken between look and change → decided again on what there is', async () => {
    let overtaken = 0
    const racing = await createIssuerKit({
      wrapStore: (plain) => ({
        ...plain,
        async identities(page) {
          const found = await plain.identities(page)
          if (overtaken++ === 0) {
            const identity = { ...server('b', 'dns:b.example'), createdAt: kit.clock.now() }
            await plain.commit([{ at: kit.clock.now(), parts: [{ do: 'add-identity', identity }] }])
          }
          return found
        },
      }),
    })
    const result = await attempted(racing.issuer, 'identity.apply', undefined, (attempt) =>
      racing.issuer.applyIdentities(
        {
          identities: [server('b', 'dns:b.example'), server('c', 'dns:c.example')],
          prune: false,
          dryRun: false,
        },
        attempt,
      ),
    )
    assert.deepEqual([result.added.map(({ name }) => name), result.unchanged], [['c'], 1])
    await racing.close()
  })

  it('the audit → one line for each change, and one for the whole; none of a dry run but that it was', async () => {
    await apply({ identities: [server('a', 'dns:a.example')], dryRun: true })
    await apply({ identities: [server('a', 'dns:a.example'), server('b', 'dns:b.example')] })
    const records = (await auditOf(kit)).filter(({ action }) => action === 'identity.apply')
    assert.deepEqual(
      records.map(({ identity, outcome, reason, details }) => [identity, outcome, reason, details]),
      [
        [undefined, 'done', undefined, { dryRun: true }],
        ['a', 'done', 'add', { names: ['dns:a.example'] }],
        ['b', 'done', 'add', { names: ['dns:b.example'] }],
        [undefined, 'done', undefined, { added: 2, changed: 0, pruned: 0 }],
      ],
    )
  })

  it('a delegate → refused what is not its own, and prunes only what is', async () => {
    const rights: AdminRights = {
      is: 'delegate',
      issuerNames: [],
      name: 'web-team',
      may: ['identities.write'],
      names: [parseNameRange('dns:web.example')],
      identities: ['*'],
      profiles: ['server'],
      alike: [],
    }
    await apply({ identities: [server('db', 'dns:db.example'), server('old', 'dns:old.web.example')] })
    await assertRefused('forbidden', apply({ identities: [server('x', 'dns:x.example')] }, rights), kit)
    await assertRefused('forbidden', apply({ identities: [server('db', 'dns:db.web.example')] }, rights), kit)
    const done = await apply({ identities: [server('x', 'dns:x.web.example')], prune: true }, rights)
    assert.deepEqual([done.added.length, done.pruned], [1, ['old']])
    assert.equal((await kit.issuer.showIdentity('db')).state, 'new')
  })
})

describe('identities.yaml', () => {
  const read = async (text: string) => {
    const fileSystem = new MemoryFileSystem()
    await fileSystem.createFile('/identities.yaml', Buffer.from(text), { mode: 0o600 })
    return readIdentitiesFile(fileSystem, '/identities.yaml')
  }

  it('declared → canonical, with the profile that is usual', async () => {
    assert.deepEqual(
      await read(
        'identities:\n  web-1: { names: [WEB-1.example] }\n  p: { profile: peer, names: ["ip:192.0.2.1"] }\n',
      ),
      [
        { name: 'web-1', profile: 'server', names: ['dns:web-1.example'] },
        { name: 'p', profile: 'peer', names: ['ip:192.0.2.1'] },
      ],
    )
  })

  for (const [what, text, says] of [
    [
      'a misspelt key',
      'identities:\n  a: { nmaes: [a.example] }\n',
      /^\/identities\.yaml:2:8: .*did you mean names\?/m,
    ],
    ['no names', 'identities:\n  a: { names: [] }\n', /:2:8: identities\.a\.names: /],
    [
      'a name that is none',
      'identities:\n  a:\n    names: [ok.example, "a b"]\n',
      /:3:25: identities\.a\.names\[1\]: .*"a b"/,
    ],
    [
      'an identity that is no name',
      'identities:\n  A B: { names: [a.example] }\n',
      /:2:3: identities\.A B: .*lower-case/,
    ],
    [
      "the issuer's own",
      'identities:\n  issuer: { names: [a.example] }\n',
      /:2:3: identities\.issuer: is the issuer's own/,
    ],
    [
      'one twice',
      'identities:\n  a: { names: [a.example] }\n  a: { names: [b.example] }\n',
      /:3:3: Map keys must be unique/,
    ],
    [
      'a profile that is none',
      'identities:\n  a: { profile: root, names: [a.example] }\n',
      /:2:8: identities\.a\.profile: /,
    ],
    ['nothing', '', /identities: is missing/],
  ] as const) {
    it(`${what} → refused with line, column and reason`, async () => {
      await assert.rejects(read(text), says)
    })
  }
})

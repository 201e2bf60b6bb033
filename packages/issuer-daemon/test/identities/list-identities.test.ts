import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { hourMs, minuteMs } from '@mayfly/ca-core'
import { type IdentityListOrder, listedIdentitiesMax } from '../../src/identities/list-identities.ts'
import { matchesPattern } from '../../src/identities/text-pattern.ts'
import { attempted, createHost, createIssuerKit, type IssuerKit } from '../support/issuer-kit.ts'

describe('list of identities', () => {
  let kit: IssuerKit
  beforeEach(async () => {
    kit = await createIssuerKit()
  })
  afterEach(() => kit.close())

  const names = async (order: IdentityListOrder): Promise<string[]> =>
    (await kit.issuer.listIdentities(order)).identities.map(({ name }) => name)
  const add = (name: string, profile: 'server' | 'client' = 'server') =>
    attempted(kit.issuer, 'identity.add', undefined, (attempt) =>
      kit.issuer.addIdentity({ name, profile, names: [`dns:${name}.example`] }, attempt),
    )

  it('filters → what they say, and together what all of them say', async () => {
    await add('web-new')
    await add('batch', 'client')
    const old = createHost(() => kit, 'web-old', '192.0.2.1')
    await old.enroll()
    await kit.clock.advance(30 * hourMs)
    const staged = createHost(() => kit, 'web-staged', '192.0.2.2')
    await staged.enroll()
    await staged.request({ report: { version: '0.9.0', bundleSequence: 0 } })
    const gone = createHost(() => kit, 'gone', '192.0.2.3')
    await gone.enroll()
    await attempted(kit.issuer, 'identity.suspend', undefined, (attempt) =>
      kit.issuer.suspendIdentity('gone', attempt),
    )

    assert.deepEqual(await names({ state: 'new' }), ['batch', 'web-new'])
    assert.deepEqual(await names({ state: 'active' }), ['web-staged'])
    assert.deepEqual(await names({ state: 'expired' }), ['web-old'])
    assert.deepEqual(await names({ state: 'suspended' }), ['gone'])
    assert.deepEqual(await names({ profile: 'client' }), ['batch'])
    assert.deepEqual(await names({ name: 'web-*' }), ['web-new', 'web-old', 'web-staged'])
    assert.deepEqual(await names({ name: 'web-old' }), ['web-old'])
    assert.deepEqual(await names({ name: '*e*' }), ['gone', 'web-new', 'web-old', 'web-staged'])
    assert.deepEqual(await names({ renewal: 'due' }), ['web-staged'])
    assert.deepEqual(await names({ renewal: 'overdue' }), ['web-old'])
    assert.deepEqual(await names({ seenBefore: kit.clock.now() - hourMs }), ['batch', 'web-new', 'web-old'])
    assert.deepEqual(await names({ agentVersion: '0.9.0' }), ['web-staged'])
    assert.deepEqual(await names({ bundleBehind: true }), ['web-staged'])
    assert.deepEqual(await names({ name: 'web-*', state: 'new' }), ['web-new'])

    await kit.clock.advance(13 * hourMs)
    assert.deepEqual(await names({ renewal: 'overdue' }), ['web-old', 'web-staged'])
    // By now the one that is suspended would be overdue as well, and is meant to be.
    await kit.clock.advance(5 * hourMs)
    assert.deepEqual(await names({ renewal: 'overdue' }), ['web-old', 'web-staged'])
  })

  it('a host that asks for nothing → overdue when two thirds of its certificate are over', async () => {
    const silent = createHost(() => kit, 'web-1', '192.0.2.1')
    await silent.enroll()
    await kit.clock.advance(15 * hourMs)
    assert.deepEqual(await names({ renewal: 'overdue' }), [])
    await kit.clock.advance(hourMs + minuteMs)
    assert.deepEqual(await names({ renewal: 'overdue' }), ['web-1'])
  })

  it('more than is looked at for one page → found page by page, none twice and none left out', async () => {
    const count = 2 * listedIdentitiesMax + 500
    const at = kit.clock.now()
    const nameOf = (index: number): string => `host-${String(index).padStart(6, '0')}`
    await kit.store.commit(
      Array.from({ length: count }, (_, index) => ({
        at,
        parts: [
          {
            do: 'add-identity',
            identity: {
              name: nameOf(index),
              profile: index % 100 === 7 ? 'client' : 'server',
              names: ['dns:x.example'],
              createdAt: at,
            },
          },
        ],
      })),
    )
    for (const limit of [7, listedIdentitiesMax]) {
      const found: string[] = []
      let next: string | undefined
      do {
        const page = await kit.issuer.listIdentities({
          profile: 'client',
          limit,
          ...(next !== undefined && { afterName: next }),
        })
        assert.ok(page.identities.length <= limit)
        found.push(...page.identities.map(({ name }) => name))
        next = page.next
      } while (next !== undefined)
      assert.deepEqual(
        found,
        Array.from({ length: count / 100 }, (_, index) => nameOf(index * 100 + 7)),
      )
    }
    assert.deepEqual(
      await kit.issuer.listIdentities({ name: 'host-002499' }).then(({ next }) => next),
      undefined,
    )
  })
})

for (const [pattern, text, matches] of [
  ['web', 'web', true],
  ['web', 'web-1', false],
  ['*', '', true],
  ['web-*', 'web-', true],
  ['*.example', 'a.b.example', true],
  ['*.example', 'example', false],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['aa*aa', 'aaa', false],
  ['a*a', 'aa', true],
] as const) {
  it(`pattern: ${pattern} and ${text} → ${matches}`, () => {
    assert.equal(matchesPattern(text, pattern), matches)
  })
}

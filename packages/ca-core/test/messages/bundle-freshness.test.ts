import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  bundleMaxAgeSecondsMax,
  bundleMaxAgeSecondsMin,
  formatBundleFreshness,
  parseBundleFreshness,
} from '../../src/messages/bundle-freshness.ts'

describe('how long a look at the trust bundle holds (RFC 9111 5.2.2)', () => {
  it('nothing is said → only caches that many share are told, and nothing is read', () => {
    assert.equal(formatBundleFreshness(), 'public, s-maxage=60')
    assert.equal(parseBundleFreshness(formatBundleFreshness()), undefined)
    assert.equal(parseBundleFreshness(undefined), undefined)
  })

  for (const seconds of [bundleMaxAgeSecondsMin, 7_200, bundleMaxAgeSecondsMax]) {
    it(`${seconds} s → written and read again`, () => {
      assert.equal(formatBundleFreshness(seconds), `public, s-maxage=60, max-age=${seconds}`)
      assert.equal(parseBundleFreshness(formatBundleFreshness(seconds)), seconds)
    })
  }

  for (const value of [
    'max-age=7200',
    'Max-Age=7200',
    'public,max-age=7200,immutable',
    'x ,\tmax-age=7200 ',
  ]) {
    it(`${JSON.stringify(value)} → 7,200 s`, () => assert.equal(parseBundleFreshness(value), 7_200))
  }

  const nothing = [
    '',
    'no-cache',
    'max-age',
    'max-age=',
    'max-age=0',
    'max-age=59',
    'max-age=21601',
    'max-age=86400',
    'max-age=99999999999999999999',
    'max-age=-7200',
    'max-age=+7200',
    'max-age=7200.5',
    'max-age=7200s',
    'max-age=1e4',
    'max-age=0x1c20',
    'max-age = 7200',
    'max-age=7200 3600',
    'max-age=7200, max-age=3600',
    'max-age=7200, max-age=none',
    'max-age="7200"',
    'private="a, max-age=7200, b"',
    's-maxage=7200',
    'x-max-age=7200',
    'max-age-of=7200',
    'max-age=\u0667\u0662\u0660\u0660',
    'max-age:7200',
    'max-age=7200;',
  ]
  for (const value of nothing) {
    it(`${JSON.stringify(value)} → nothing is read`, () =>
      assert.equal(parseBundleFreshness(value), undefined))
  }
})

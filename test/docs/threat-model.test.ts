import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '../..')

/** What has gone wrong in systems like this one: none of it may be left out. */
const classes = [
  'issuance without authentication on one of several paths',
  'names or extensions copied from the request',
  'one protocol skips the shared check; a revoked client enrols',
  'identity compared loosely (case, prefix, CN against SAN, trailing dot, IDN, NUL)',
  'a non-CA certificate trusted as one; key usage ignored',
  'session resumed past expiry or after the roots changed',
  'a crash from a crafted field',
  'ASN.1: deep nesting, 32-bit object identifiers, indefinite lengths, trailing bytes, huge lengths, two readings of one input',
  'signatures checked in JavaScript: PKCS#1 forgery, S ≥ L, modular inverse of 0',
  'a missing expiry treated as none',
  'token replayed, used for another identity, by another issuer, after expiry, with `alg` none or confused',
  'request replayed, redirected to another URL, reordered, its clock in the future',
  'lineage copied to a second host',
  'a read-only or full disk leads to endless issuance',
  'a synchronised fleet retries at once',
  'a second writer on one store; a restored backup',
  'paths from configuration or identity names that leave their directory; files followed through symbolic links; keys readable for a moment',
  'log and metric injection through names',
  'slow requests, huge bodies, many connections, half-open handshakes',
  'an operator signs a wrong intermediate (CA:TRUE leaf, no path length, wrong names, wrong key)',
  'a bundle rolled back, emptied, or signed by the intermediate',
]

interface NamedTests {
  readonly path: string
  /** How their titles begin. */
  readonly titles: readonly string[]
}

interface Row {
  readonly threat: string
  readonly answer: string
  readonly tests: readonly NamedTests[]
}

const rows = rowsOf(readFileSync(join(root, 'docs/threat-model.md'), 'utf8'))

function rowsOf(page: string): Row[] {
  return page
    .slice(page.indexOf('| class |'))
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| class'))
    .map((line) => {
      const [threat = '', answer = '', tests = ''] = line.slice(2).split(' | ')
      return { threat, answer, tests: tests.split('; `').map(namedTests) }
    })
}

function namedTests(text: string): NamedTests {
  const [path = '', titles = ''] = text.replace(/^`/, '').split('`: ')
  return { path, titles: Array.from(titles.matchAll(/“([^”]+)”/g), ([, title = '']) => title) }
}

/** The titles of the tests in a file, with what is only known when it runs as it is written. */
function titlesIn(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8')
  const titled = /\b(?:it|test|houseRule)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g
  return Array.from(text.matchAll(titled), ([, , title = '']) => title.replaceAll(/\\(['"`])/g, '$1'))
}

/** Its first words, without the article: what names of tests begin with. */
function nameOf(threat: string): string {
  const [words = ''] = threat.replaceAll('`', '').split(/[:;(,]/)
  return withoutArticle(words).trim()
}

function withoutArticle(text: string): string {
  return text.replace(/^an? /, '')
}

describe('docs/threat-model.md', () => {
  it('every class of mistakes → has its row, in the order of the list', () => {
    const known = rows.map(({ threat }) => threat).filter((threat) => classes.includes(threat))
    assert.deepEqual(known, classes)
  })

  it('every row → what is done against it, and tests that are there, by file and title', () => {
    for (const { threat, answer, tests } of rows) {
      assert.notEqual(answer, '', threat)
      for (const { path, titles } of tests) {
        const present = titlesIn(path)
        assert.notEqual(titles.length, 0, `${threat}: ${path}`)
        for (const title of titles)
          assert.ok(
            present.some((one) => one.startsWith(title)),
            `${path} has no test whose title begins with: ${title}`,
          )
      }
    }
  })

  it('every row → a test whose title begins with its name', () => {
    for (const { threat, tests } of rows) {
      const titles = tests.flatMap((named) => named.titles)
      assert.ok(
        titles.some((title) => withoutArticle(title).startsWith(nameOf(threat))),
        nameOf(threat),
      )
    }
  })
})

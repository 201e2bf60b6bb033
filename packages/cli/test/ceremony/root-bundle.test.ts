import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseCertificate, readTrustBundle, verifyTrustBundle } from '@mayfly/ca-core'
import { copyRoot } from '../support/make-root.ts'
import { mayfly, temporaryFolder } from '../support/run-mayfly.ts'

async function layTable(context: TestContext) {
  const folder = await temporaryFolder(context)
  const { root, passphraseFile } = await copyRoot(folder)
  const sign = (more: readonly string[], from = root) =>
    mayfly(['root', 'bundle', '--root', from, '--passphrase-file', passphraseFile, '--json', ...more])
  const show = (from = root) => mayfly(['root', 'show', '--root', from, '--json'])
  return { folder, root, sign, show }
}

async function otherRoot(folder: string) {
  await mkdir(join(folder, 'other'))
  const { root } = await copyRoot(join(folder, 'other'), ['--name', 'Other'])
  return { root, certificate: parseCertificate(await readFile(join(root, 'root.pem'), 'utf8')) }
}

const codeOf = ({ stderr }: { stderr: string }) => JSON.parse(stderr).error.code
const hash = 'cd'.repeat(32)

test('root bundle: an intermediate to be distrusted → the next sequence, accepted by holders of the one before', async (context) => {
  const { root, sign, show } = await layTable(context)
  const signed = await sign(['--distrust', hash])
  assert.equal(signed.exitCode, 0, signed.stderr)
  const { bundle: held } = await readTrustBundle(await readFile(join(root, 'bundle.jws'), 'utf8'))
  const next = await verifyTrustBundle(await readFile(join(root, 'bundle-2.jws'), 'utf8'), { held })
  assert.deepEqual([next.sequence, next.distrusted], [2, [hash]])
  assert.deepEqual(JSON.parse((await show()).stdout).bundle.sequence, 2)
  const third = await sign(['--forget', hash])
  assert.equal(JSON.parse(third.stdout).sequence, 3)
  assert.deepEqual(JSON.parse((await show()).stdout).bundle.distrusted, [])
})

test('root bundle: a root is replaced → each step accepted by holders of the one before', async (context) => {
  const { folder, root, sign, show } = await layTable(context)
  const other = await otherRoot(folder)
  assert.equal((await sign(['--add-root', join(other.root, 'root.pem')])).exitCode, 0)
  const { bundle: both } = await readTrustBundle(await readFile(join(root, 'bundle-2.jws'), 'utf8'))
  assert.equal(both.roots.length, 2)
  const last = await sign(
    ['--from', join(root, 'bundle-2.jws'), '--remove-root', join(root, 'root.pem')],
    other.root,
  )
  assert.equal(last.exitCode, 0, last.stderr)
  const text = await readFile(join(other.root, 'bundle-3.jws'), 'utf8')
  const next = await verifyTrustBundle(text, { held: both })
  assert.deepEqual(
    next.roots.map(({ fingerprint }) => fingerprint),
    [other.certificate.fingerprint],
  )
  assert.equal(JSON.parse((await show(other.root)).stdout).bundle.sequence, 3)
})

test('root bundle: nothing changed, not there, itself removed, no root added → refused, nothing is signed', async (context) => {
  const { folder, root, sign } = await layTable(context)
  await writeFile(join(folder, 'leaf.pem'), 'no certificate')
  assert.equal(codeOf(await sign([])), 'bundle-invalid')
  assert.equal(codeOf(await sign(['--add-root', join(root, 'root.pem')])), 'bundle-invalid')
  assert.equal(codeOf(await sign(['--remove-root', hash])), 'bundle-invalid')
  assert.equal(codeOf(await sign(['--forget', hash])), 'bundle-invalid')
  assert.equal(codeOf(await sign(['--remove-root', join(root, 'root.pem')])), 'bundle-invalid')
  for (const option of ['--add-root', '--distrust', '--from']) {
    const { stderr } = await sign([option, join(folder, 'leaf.pem')])
    const { code, message } = JSON.parse(stderr).error
    assert.equal(code, option === '--from' ? 'bundle-invalid' : 'pem-invalid')
    assert.ok(message.startsWith(`${join(folder, 'leaf.pem')}: `), message)
  }
  assert.equal(codeOf(await sign(['--distrust', 'abcd'])), 'fingerprint-mismatch')
  await assert.rejects(readFile(join(root, 'bundle-2.jws')))
})

test('root bundle: from a bundle that does not trust this root → bundle-untrusted', async (context) => {
  const { folder, sign } = await layTable(context)
  const other = await otherRoot(folder)
  assert.equal(
    codeOf(await sign(['--from', join(other.root, 'bundle.jws'), '--distrust', hash])),
    'bundle-untrusted',
  )
})

test('root show: a record was altered → told, with an exit code of its own', async (context) => {
  const { root, sign, show } = await layTable(context)
  await sign(['--distrust', hash])
  const before = JSON.parse((await show()).stdout)
  assert.deepEqual(before.brokenRecords, [])
  const [first, second] = before.records
  const path = join(root, 'records', first)
  await writeFile(path, (await readFile(path, 'utf8')).replace('root-created', 'root-crested'))
  const after = await show()
  assert.deepEqual([after.exitCode, JSON.parse(after.stdout).brokenRecords], [3, [second]])
})

test('root show: a bundle under another number, or none → refused', async (context) => {
  const { root, show } = await layTable(context)
  await writeFile(join(root, 'bundle-7.jws'), await readFile(join(root, 'bundle.jws')))
  assert.equal(codeOf(await show()), 'bundle-invalid')
  assert.equal(codeOf(await show(join(root, 'none'))), 'file-missing')
})

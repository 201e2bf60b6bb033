import assert from 'node:assert/strict'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { formatFingerprint } from '@mayfly/ca-core'
import type { ActivatedAuthority, IntermediateView, IssuerStatus } from '@mayfly/issuer-daemon'
import { signIssuer } from '../support/make-issuer.ts'
import { mayfly, mayflyOnTerminal } from '../support/run-mayfly.ts'
import { runIssuer } from '../support/running-issuer.ts'
import { startDaemon } from '../support/start-daemon.ts'

/** Each test leaves no prepared intermediate behind. */
const issuer = await runIssuer({ after })
const { ask, config } = issuer

async function status(): Promise<IssuerStatus & { readonly exitCode: number | null }> {
  return (await ask('issuer', 'status')) as unknown as Awaited<ReturnType<typeof status>>
}

async function inSlot(slot: IntermediateView['slot']): Promise<IntermediateView | undefined> {
  return (await status()).intermediates.find((view) => view.slot === slot)
}

async function current(): Promise<string> {
  return (await inSlot('current'))?.fingerprint ?? assert.fail('none is current')
}

/** The ceremony for another intermediate, which then waits; resolves to its SHA-256. */
async function prepare(name: string): Promise<string> {
  const installed = await ask('issuer', 'install', '--prepare', await signIssuer(issuer, name))
  assert.deepEqual([installed.exitCode, installed.prepared, installed.retired], [0, true, undefined])
  return installed.sha256 as unknown as string
}

test('issuer taint and activate: nothing could take over → refused, what to do is told, nothing is done', async () => {
  const before = await current()
  const refused = await mayfly(['issuer', 'taint', before, '--yes', '--config', config])
  assert.equal(refused.exitCode, 8)
  assert.match(refused.stderr, /was not tainted, because nothing could take its place/)
  assert.match(refused.stderr, /`mayfly issuer init`, `mayfly root sign`, `mayfly issuer install --prepare`/)
  const unasked = await mayflyOnTerminal(['issuer', 'taint', '--config', config], [])
  assert.equal(unasked.exitCode, 8, 'nobody has to type a fingerprint to learn it')
  assert.match(
    unasked.stdout.replaceAll(/\s+/g, ' '),
    /Nothing was tainted\. No other intermediate is prepared\. Make one first: /,
  )
  assert.doesNotMatch(unasked.stdout, /Type the first/)
  const notActivated = await mayfly(['issuer', 'activate', '--config', config])
  assert.equal(notActivated.exitCode, 8)
  assert.match(notActivated.stderr, /`mayfly issuer install --prepare`/)
  const { exitCode, alarms, intermediates } = await status()
  assert.deepEqual([exitCode, alarms], [0, []])
  assert.deepEqual(
    intermediates.map(({ slot, fingerprint, taintedAt }) => [slot, fingerprint, taintedAt]),
    [['current', before, undefined]],
  )
})

test('issuer taint: which one is not said, is no SHA-256, or is none of ours → told', async () => {
  const unsaid = await mayfly(['issuer', 'taint', '--yes', '--config', config])
  assert.equal(unsaid.exitCode, 2)
  assert.match(unsaid.stderr, /its SHA-256, as `mayfly issuer status` shows it/)
  const known = await current()
  const unknown = await mayfly(['issuer', 'taint', 'ab'.repeat(32), '--yes', '--config', config])
  assert.equal(unknown.exitCode, 8)
  assert.match(unknown.stderr, new RegExp(`${formatFingerprint(known)} +current`))
  assert.notEqual((await ask('issuer', 'taint', 'web-1', '--yes')).exitCode, 0)
  const unasked = await mayfly(['issuer', 'taint', '--json', '--config', config])
  const { code, message } = JSON.parse(unasked.stderr).error
  assert.deepEqual([unasked.exitCode, code], [2, 'usage'], 'nobody is there to be asked')
  assert.ok(message.includes(`mayfly issuer taint ${known} --yes`), message)
})

test('issuer install --prepare and activate: it waits, seen in the status, and then signs', async () => {
  const before = await current()
  const next = await prepare('activated')
  assert.deepEqual([await current(), (await inSlot('next'))?.fingerprint], [before, next])
  const waiting = await mayfly(['issuer', 'status', '--config', config])
  assert.match(waiting.stdout, new RegExp(`^ +prepared .*${next}`, 'm'))
  assert.match(waiting.stdout, new RegExp(`^ +intermediate .*${before}`, 'm'))
  const activated = (await ask('issuer', 'activate')) as unknown as ActivatedAuthority & { exitCode: number }
  assert.deepEqual([activated.exitCode, activated.fingerprint], [0, next])
  assert.deepEqual([await current(), await inSlot('next')], [next, undefined])
  assert.equal((await inSlot('retired'))?.fingerprint, before)
  assert.equal((await status()).exitCode, 0)
})

test('issuer taint on a terminal: the first characters typed wrong → nothing; typed right → the prepared one signs', async () => {
  const before = await current()
  const next = await prepare('prompted')
  const taint = ['issuer', 'taint', '--config', config]
  const question = 'Type the first 8 characters of the SHA-256: '
  const wrong = before.startsWith('0') ? '1' : '0'
  const answered = (text: string) => mayflyOnTerminal(taint, [{ expect: question, send: `${text}\r` }])

  const cancelled = await answered(wrong + before.slice(1, 8))
  assert.equal(cancelled.exitCode, 130, cancelled.stdout)
  assert.match(cancelled.stdout, /cannot be taken back/)
  assert.match(cancelled.stdout, /nothing was done/)
  assert.equal((await answered(before.slice(0, 7))).exitCode, 130, 'too few characters')
  assert.equal((await answered('')).exitCode, 130)
  assert.deepEqual([await current(), (await inSlot('next'))?.fingerprint], [before, next])
  assert.equal((await status()).exitCode, 0)

  // In groups, as the question shows them.
  const done = await answered(formatFingerprint(before.slice(0, 8)).toUpperCase())
  assert.equal(done.exitCode, 0, done.stdout)
  assert.match(done.stdout, new RegExp(`mayfly root bundle --root DIR --distrust ${before}`))
  assert.deepEqual([await current(), await inSlot('next')], [next, undefined])
  const after = await status()
  assert.deepEqual([after.exitCode, after.alarms[0]?.because], [2, 'authority-tainted'])
  const tainted = after.intermediates.find(({ fingerprint }) => fingerprint === before)
  assert.equal(tainted?.slot, 'retired')
  assert.ok(tainted.taintedAt !== undefined)
})

test('issuer taint --yes --json: no question; tells which one is tainted and which signs', async () => {
  const before = await current()
  const next = await prepare('scripted')
  const tainted = await mayfly(['issuer', 'taint', before, '--yes', '--json', '--config', config])
  assert.equal(tainted.exitCode, 0, tainted.stderr)
  const { subject, ...answer } = JSON.parse(tainted.stdout)
  assert.deepEqual(answer, { fingerprint: before, current: next })
  assert.match(subject, /^CN=/)
  assert.equal(await current(), next)
  const { stdout } = await mayfly(['audit', 'export', '--config', config])
  assert.match(stdout, new RegExp(`"action":"authority.taint".*${before}`))
})

// The last: it ends the issuer of the others.
test('issuer run: its bundle distrusts its own intermediate → exit code 6; what the message says brings it back', async () => {
  const before = await current()
  const next = await prepare('stranded')
  assert.equal(await issuer.daemon.stop(), 0)
  const { root, state, passphraseFile, folder } = issuer
  const distrust = ['root', 'bundle', '--root', root, '--distrust', before]
  const signed = await mayfly([...distrust, '--passphrase-file', passphraseFile])
  assert.equal(signed.exitCode, 0, signed.stderr)
  // As it comes with the state of another issuer, while this one was down.
  await copyFile(join(root, 'bundle-2.jws'), join(state, 'bundle.jws'))

  const refused = await mayfly(['issuer', 'run', '--config', config])
  assert.equal(refused.exitCode, 6, refused.stderr)
  assert.match(refused.stderr, new RegExp(`distrusts the intermediate ${before}`))
  const [, command = ''] = /take it up: `mayfly ([^`]+)`/.exec(refused.stderr.replaceAll(/\s+/g, ' ')) ?? []
  assert.match(command, /^issuer install /)
  const installed = await mayfly([...command.split(' '), '--config', config], { cwd: folder })
  assert.equal(installed.exitCode, 0, installed.stderr)

  const daemon = startDaemon(['issuer', 'run', '--config', config], { after })
  await daemon.logged('"msg":"ready"')
  assert.deepEqual([await current(), await inSlot('next')], [next, undefined])
})

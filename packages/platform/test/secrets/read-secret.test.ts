import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeEach, describe, it } from 'node:test'
import { type ErrorCode, isMayflyError } from '@mayfly/ca-core'
import { readSecret, type SecretSource } from '@mayfly/platform'
import { MemoryFileSystem } from '../../../../test/fakes/memory-file-system.ts'

describe('readSecret', () => {
  let fileSystem: MemoryFileSystem
  beforeEach(() => {
    fileSystem = new MemoryFileSystem()
  })

  const write = (path: string, text: string, mode: number = 0o600): Promise<void> =>
    fileSystem.replaceFile(path, new TextEncoder().encode(text), { mode })

  async function read(source: SecretSource, environment: Record<string, string> = {}): Promise<string> {
    const ask = async (question: string): Promise<Uint8Array> =>
      new TextEncoder().encode(`answer to ${question}`)
    return new TextDecoder().decode(await readSecret(source, { fileSystem, environment, ask }))
  }

  async function refuses(source: SecretSource, code: ErrorCode, message: RegExp): Promise<void> {
    await assert.rejects(read(source), (error) => isMayflyError(error, code) && message.test(error.message))
  }

  it('file: one line break at the end → not part of it', async () => {
    for (const [text, secret] of [
      ['open sesame', 'open sesame'],
      ['open sesame\n', 'open sesame'],
      ['open sesame\r\n', 'open sesame'],
      ['two\nlines\n\n', 'two\nlines\n'],
    ] as const) {
      await write('/secret', text)
      assert.equal(await read({ file: '/secret' }), secret)
    }
  })

  it('file: others can read it → permission-denied with what to do', async () => {
    for (const mode of [0o640, 0o604, 0o620]) {
      await write('/secret', 'x', mode)
      await refuses({ file: '/secret' }, 'permission-denied', /chmod 600 \/secret/)
    }
  })

  it('file: missing, a link, empty, too long → refused', async () => {
    await refuses({ file: '/no' }, 'file-missing', /\/no/)
    await write('/secret', '\n')
    await fileSystem.replaceSymlink('/link', '/secret')
    await refuses({ file: '/link' }, 'config-invalid', /not a plain file/)
    await refuses({ file: '/secret' }, 'config-invalid', /is empty/)
    await write('/secret', 'x'.repeat(4_097))
    await refuses({ file: '/secret' }, 'config-invalid', /longer than/)
  })

  it('credential: read from the directory that systemd gives', async () => {
    await fileSystem.makeDirectory('/run/credentials/mayfly', { mode: 0o500 })
    await write('/run/credentials/mayfly/passphrase', 'sesame\n', 0o440)
    const environment = { CREDENTIALS_DIRECTORY: '/run/credentials/mayfly' }
    assert.equal(await read({ credential: 'passphrase' }, environment), 'sesame')
    await refuses({ credential: 'passphrase' }, 'config-invalid', /LoadCredential=/)
    await refuses({ credential: '../passphrase' }, 'config-invalid', /not the name of a credential/)
  })

  it('prompt: asked; no source at all → config-invalid', async () => {
    assert.equal(await read({ prompt: 'Passphrase' }), 'answer to Passphrase')
    await refuses({}, 'config-invalid', /no source/)
  })

  it('fd: not open, or one that Node has opened for itself → refused at once, and never waited for', () => {
    const program = `
      import { nodeFileSystem, readSecret } from '@mayfly/platform'
      for (let fd = 3; fd < 32; fd++) {
        const reason = await readSecret({ fd }, { fileSystem: nodeFileSystem, environment: {} }).catch(({ message }) => message)
        // Node keeps /dev/null open as well, which can be read, and is empty.
        const isTold = reason.startsWith('descriptor ' + fd + ' is not open: open it in the shell')
        if (!isTold && reason !== 'descriptor ' + fd + ' is empty') throw new Error(reason)
        if (fd === 31 && !isTold) throw new Error(reason)
      }`
    const result = spawnSync(process.execPath, ['-C', 'source', '--input-type=module', '-e', program], {
      cwd: join(import.meta.dirname, '../../../../test'),
      timeout: 60_000,
    })
    assert.equal(result.status, 0, result.stderr.toString())
  })

  it('fd: a pipe → read to its end', () => {
    const program = `
      import { nodeFileSystem, readSecret } from '@mayfly/platform'
      const secret = await readSecret({ fd: 0 }, { fileSystem: nodeFileSystem, environment: {} })
      process.stdout.write(secret)`
    const result = spawnSync(process.execPath, ['-C', 'source', '--input-type=module', '-e', program], {
      cwd: join(import.meta.dirname, '../../../../test'),
      input: 'from a pipe\n',
    })
    assert.equal(result.stdout.toString(), 'from a pipe', result.stderr.toString())
  })
})

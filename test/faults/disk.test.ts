import assert from 'node:assert/strict'
import { mkdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseCertificateChain } from '@mayfly/ca-core'
import { mountSmallDisk, unmountDisk } from '../support/faults/small-disk.ts'
import { throughFault } from '../support/faults/through-fault.ts'
import { type ServedHost, startServedHost } from '../support/hosts/served-host.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import type { Nginx } from '../support/servers/nginx.ts'
import { nginxServer } from '../support/servers/nginx-server.ts'
import { until } from '../support/servers/started-server.ts'

const tmpfsBytes = 512 * 1024

describe('a disk that fails, with nginx as the server', {
  timeout: 240_000,
  skip: withoutPackages('nginx'),
}, () => {
  let host: ServedHost
  let nginx: Nginx
  /** A small file system of its own, where that may be mounted. */
  let disk: string | undefined

  before(async () => {
    host = await startServedHost({
      async place(root) {
        const place = join(root, 'disk')
        await mkdir(place, { mode: 0o755 })
        disk = await mountSmallDisk(place, tmpfsBytes)
        return place
      },
      server: nginxServer((started) => {
        nginx = started
      }),
    })
  })
  after(async () => {
    await host?.close().catch(() => undefined)
    await nginx?.stop()
    if (disk !== undefined) await unmountDisk(disk)
    if (host !== undefined) await rm(join(host.folder, '..'), { recursive: true, force: true })
  })

  const failing = [
    {
      what: 'the archive is full',
      fault: { errno: 'ENOSPC', path: /\/archive\// },
      alarm: /archive\/web.*: no space is left on the disk\. Make room; the agent goes on trying\./,
    },
    {
      what: 'the archive is read-only',
      fault: { errno: 'EROFS', path: /\/archive\// },
      alarm: /the file system is read-only\. Make the folder writable; the agent goes on trying\./,
    },
    {
      what: 'the live folder is read-only',
      fault: { errno: 'EROFS', path: /\/live\// },
      alarm: /live\/web: the file system is read-only\. Make the folder writable; the agent goes on trying\./,
    },
    {
      what: 'the right to write the live folder is lost',
      fault: { errno: 'EACCES', path: /\/live\// },
      alarm: /live\/web: permission denied\. Give the agent that right; the agent goes on trying\./,
    },
    {
      what: 'the right to write the state is lost',
      fault: { errno: 'EACCES', path: /\/lineages\// },
      alarm: /lineages\/web\.json: permission denied\. Give the agent that right; the agent goes on trying\./,
    },
  ]
  for (const { what, fault, alarm } of failing) {
    test(`${what} → the old one is served, the alarm names the path, and it goes on when that is mended`, async () => {
      await throughFault(host, {
        begin: () => {
          host.disk.fault = fault
        },
        alarm,
        end: () => {
          host.disk.fault = undefined
        },
      })
    })
  }

  test('a real disk is full to the last byte → what is live is served, never one of before, and it goes on when there is room', async (context) => {
    if (disk === undefined) {
      // Root may mount; on a build machine a silent skip would hide that this was never tried.
      const mustMount = process.env.CI === 'true' && process.getuid?.() === 0
      assert.ok(!mustMount, 'mount refuses a tmpfs to root')
      return context.skip('a tmpfs cannot be mounted here: run the tests as root')
    }
    const ballast = join(disk, 'ballast')
    const before = await host.settled()
    // The wish itself needs a place.
    await host.wish()
    await until(async () => (await host.serial()) !== before, 'a rotation under way')
    await writeFile(ballast, Buffer.alloc(tmpfsBytes)).catch(() => undefined)
    const number = await liveNumber()
    await until(() => /no space is left on the disk/.test(host.log()), 'the news')
    // A rotation whose files were written already may still come to the port: a link takes no room.
    await until(async () => (await host.serial()) === (await liveSerial()), 'the port with what is live')
    assert.ok((await liveNumber()) >= number, 'it went back')
    await rm(ballast)
    assert.notEqual(await host.settled(), before)
  })

  const liveNumber = async (): Promise<string> => (await readlink(host.liveFolder)).split('/').at(-1) ?? ''

  async function liveSerial(): Promise<string | undefined> {
    const [leaf] = parseCertificateChain(await readFile(join(host.liveFolder, 'fullchain.pem'), 'utf8'))
    return leaf?.serial
  }

  test('files followed through symbolic links: a file is swapped for a link → put back, and nothing is written behind the link', async () => {
    const served = await host.settled()
    const key = join(host.liveFolder, 'key.pem')
    const right = await readFile(key, 'utf8')
    const behind = join(host.folder, 'behind')
    await writeFile(behind, 'untouched')
    await rm(key)
    await symlink(behind, key)
    await until(
      () =>
        readFile(key, 'utf8').then(
          (text) => text === right,
          () => false,
        ),
      'the right key',
    )
    assert.equal(await readFile(behind, 'utf8'), 'untouched')
    assert.equal((await stat(key)).mode & 0o777, 0o600)
    assert.equal(await host.settled(), served)
  })

  test('the live link leads to somebody else’s files → it leads to ours again', async () => {
    const served = await host.settled()
    const target = await readlink(host.liveFolder)
    await rm(host.liveFolder)
    await symlink(host.folder, host.liveFolder)
    await until(
      () =>
        readlink(host.liveFolder).then(
          (text) => text === target,
          () => false,
        ),
      'the right link',
    )
    assert.equal(await host.settled(), served)
  })

  test('live folder and archive are deleted → the server has its certificate still, and the files come back', async () => {
    const served = await host.settled()
    const live = join(host.liveFolder, '..')
    await rm(join(live, '..', 'archive'), { recursive: true })
    await rm(live, { recursive: true })
    assert.equal(await host.serial(), served)
    const isBack = () =>
      readFile(join(host.liveFolder, 'key.pem')).then(
        ({ length }) => length > 0,
        () => false,
      )
    await until(isBack, 'the files')
    assert.equal(await host.settled(), served)
    await host.wish()
    await until(async () => (await host.serial()) !== served, 'a later certificate')
  })

  test('something else has the live name → nothing of it is touched, the alarm says what to move', async () => {
    const aside = `${host.liveFolder}.aside`
    const note = join(host.liveFolder, 'note')
    await throughFault(host, {
      begin: async () => {
        await rm(host.liveFolder)
        await mkdir(host.liveFolder)
        await writeFile(note, 'mine')
      },
      alarm: /live\/web: there is a directory, not a symbolic link; move it away\./,
      meanwhile: async () => assert.equal(await readFile(note, 'utf8'), 'mine'),
      end: () => rename(host.liveFolder, aside),
    })
    await rm(aside, { recursive: true })
  })
})

import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { createTestHost } from '../../../../test/support/rotation.ts'
import { formatNames } from '../../src/formats/format-name.ts'

/** Another user's where the test may give files away. */
const isRoot = process.getuid?.() === 0
const owner = isRoot
  ? { uid: 65_534, gid: 65_534 }
  : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

/** Files that hold the key or a password; everybody may read the others. */
const secret = new Set(['key.pem', 'combined.pem', 'credential-bundle.pem', 'key.der', 'keystore.p12'])

for (const mode of [0o600, 0o640, 0o440]) {
  test(`access: every format, five generations with the mode 0${mode.toString(8)} → owner, group and mode hold at each`, async (context) => {
    const access = { mode, ...owner }
    const host = await createTestHost({ formats: formatNames, keystorePassword: 'clover', access })
    context.after(host.remove)
    const seen = new Set<string>()
    for (let generation = 1; generation <= 5; generation++) {
      const { generationFolder } = await host.install(await host.issue())
      for (const folder of await readdir(dirname(generationFolder)))
        for (const name of await readdir(join(dirname(generationFolder), folder))) {
          seen.add(name)
          const file = await stat(join(dirname(generationFolder), folder, name))
          const expected = secret.has(name) ? mode : mode | 0o444
          assert.deepEqual(
            { name, mode: file.mode & 0o7777, uid: file.uid, gid: file.gid },
            { name, mode: expected, ...owner },
          )
        }
    }
    // Going back changes nothing of it.
    const { liveFolder } = await host.switchTo(2)
    const key = await stat(join(liveFolder, 'key.pem'))
    assert.deepEqual([key.mode & 0o7777, key.uid, key.gid], [mode, owner.uid, owner.gid])
    for (const name of [...secret, 'cert.der', 'truststore.p12', 'bundle.pem', 'fullchain.pem'])
      assert.ok(seen.has(name), name)
  })
}

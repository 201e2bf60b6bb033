import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { withoutPackages } from '../missing-programs.ts'
import { type NginxPlace, nginxArgv } from './nginx.ts'
import { startServer, until } from './started-server.ts'

const run = promisify(execFile)

/** systemd's own manager, as process 1 of namespaces of its own; units share the machine's network and `/tmp`. */
export interface Systemd {
  /** Gives the manager a unit, by its name with suffix. */
  addUnit(name: string, text: string): Promise<void>
  systemctl(...words: string[]): Promise<string>
  /** A folder for the PATH, whose `systemctl` is the real one and talks to this manager. */
  readonly programs: string
  /** Runs a program of Node beside the units, with their processes and control groups as it sees them. Gives what it printed. */
  runInside(program: string, ...words: string[]): Promise<string>
  stop(): Promise<void>
}

/** For the `skip` option of a test. */
export function withoutSystemd(): string | false {
  const missing = withoutPackages('systemd')
  if (missing !== false) return missing
  if (process.getuid?.() !== 0) return 'needs root'
  const { status } = spawnSync('unshare', [
    '--mount',
    '--cgroup',
    '--pid',
    '--ipc',
    '--uts',
    '--fork',
    'true',
  ])
  return status !== 0 && 'needs namespaces'
}

/** A unit for nginx that tests its files before each reload, as Debian's own does. */
export function nginxUnit(place: NginxPlace): string {
  const start = nginxArgv(place).join(' ')
  return `[Unit]
DefaultDependencies=no
[Service]
ExecStart=${start}
ExecReload=${start} -t -q
ExecReload=/bin/sh -c 'kill -HUP $MAINPID'
`
}

/** Nothing starts but what a test starts. */
const bareTarget = '[Unit]\nDescription=What a test starts\nDefaultDependencies=no\n'

/**
 * The manager sees the machine's files, but may write only below `$1`, and has a control group, a `/run` and
 * processes of its own: nothing of the machine is touched.
 */
const enterNamespaces = `
set -e
echo $$ > "$1/$2/pid"
mount --bind "$1" "$1"
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir "/sys/fs/cgroup/$2"
echo $$ > "/sys/fs/cgroup/$2/cgroup.procs"
exec unshare --cgroup --pid --ipc --uts --fork --kill-child /bin/sh -c "$3" - "$1/$2"
`
const becomeManager = `
set -e
umount /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -t tmpfs tmpfs /run
mount -o remount,bind,ro /
mkdir /run/systemd
ln -s "$1/units" /run/systemd/system
exec env -i container=mayfly PATH="$PATH" /lib/systemd/systemd --system --unit=bare.target \\
  --show-status=no --log-target=console
`
/** The control groups that the manager made outlive it. */
const removeGroups = `
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
find "/sys/fs/cgroup/$1" -depth -type d -exec rmdir {} +
`

/** The first process of the manager's namespaces is the only child of the one that made them. */
const shim = (folder: string, command: string): string => `#!/bin/sh
outer=$(cat ${folder}/pid)
manager=$(cat /proc/$outer/task/$outer/children)
exec nsenter --target $manager --mount --cgroup --pid ${command} "$@"
`
/** Without the folder of the shims: inside, systemctl is itself. */
const innerPath = '/usr/sbin:/usr/bin:/sbin:/bin'

export async function startSystemd(): Promise<Systemd> {
  const folder = await mkdtemp(join(tmpdir(), 'systemd-'))
  const group = basename(folder)
  const programs = join(folder, 'programs')
  const program = join(programs, 'systemctl')
  await mkdir(join(folder, 'units'))
  await mkdir(programs)
  await writeFile(join(folder, 'units', 'bare.target'), bareTarget)
  await writeFile(program, shim(folder, '/usr/bin/systemctl'), { mode: 0o755 })
  const inside = join(programs, 'inside')
  await writeFile(inside, shim(folder, `/usr/bin/env PATH=${innerPath} '${process.execPath}' -C source`), {
    mode: 0o755,
  })
  const systemctl = async (...words: string[]): Promise<string> => (await run(program, words)).stdout.trim()
  const succeeds = (work: Promise<unknown>): Promise<boolean> =>
    work.then(
      () => true,
      () => false,
    )
  const manager = await startServer({
    argv: ['unshare', '--mount', '/bin/sh', '-c', enterNamespaces, '-', tmpdir(), group, becomeManager],
    ready: () => succeeds(systemctl('is-active', 'bare.target')),
    // Its namespaces end with it, and so does every unit.
    stopSignal: 'SIGKILL',
  })
  return {
    programs,
    systemctl,
    runInside: async (...words) => (await run(inside, words)).stdout,
    async addUnit(name, text) {
      await writeFile(join(folder, 'units', name), text)
      await systemctl('daemon-reload')
    },
    async stop() {
      await manager.stop()
      const removal = ['--mount', '/bin/sh', '-c', removeGroups, '-', group]
      // Processes of units may still be on their way out.
      await until(() => succeeds(run('unshare', removal)), 'the end of every unit')
      await rm(folder, { recursive: true })
    },
  }
}

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installedFile } from './installed-file.mjs'
import { runQuietly } from './progress.mjs'

const policyFile = '/usr/sbin/policy-rc.d'
const aptEnvironment = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' }

/**
 * Installs the Debian packages that `purpose` needs and the machine lacks, if it can: as root, on
 * Debian. Returns the names of those that are missing afterwards.
 */
export async function installDebianPackages(root, purpose) {
  const names = missingPackages(root, purpose)
  if (names.length > 0 && canInstall()) await install(names)
  return missingPackages(root, purpose)
}

/** The names of the Debian packages that the machine lacks of those that any of `purposes` needs. */
export function missingPackages(root, ...purposes) {
  const packages = JSON.parse(readFileSync(join(root, 'scripts', 'debian-packages.json'), 'utf8'))
  return Object.entries(packages)
    .filter(([, { for: needing }]) => purposes.some((purpose) => needing.includes(purpose)))
    .filter(([, { file }]) => installedFile(file) === undefined)
    .map(([name]) => name)
}

/** What a person types who may install packages. */
export function howToInstall(names) {
  return `On Debian: sudo apt-get install ${names.join(' ')}`
}

function canInstall() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
}

async function install(names) {
  const options = { env: { ...process.env, ...aptEnvironment } }
  await runQuietly('Reading the list of Debian packages', ['apt-get', 'update', '-q'], options)
  await withoutServices(() =>
    runQuietly(
      `Installing Debian packages: ${names.join(', ')}`,
      ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...names],
      options,
    ),
  )
}

/** Debian starts the service of a package that it installs, unless this policy says 101, "not allowed". */
async function withoutServices(work) {
  if (existsSync(policyFile)) return work()
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await work()
  } finally {
    rmSync(policyFile)
  }
}

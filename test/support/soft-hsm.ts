import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { childProcesses } from './child-processes.ts'

const module = '/usr/lib/softhsm/libsofthsm2.so'

/** A real token: SoftHSM2 with its files in a folder of the test. */
export interface SoftHsm {
  /** PKCS #11 URI of the token with its module. */
  readonly uri: string
  readonly pin: string
  /** By which the module finds its tokens. */
  readonly environment: Readonly<Record<string, string>>
  /** Takes the token out of its slot, and puts it in again. */
  pullOut(): void
  putIn(): void
  /** Puts a key (PKCS #8 PEM) into the token by its own tool, as its owner would. */
  importKey(pem: string, label: string, idHex: string): void
}

export function makeSoftHsm(folder: string): SoftHsm {
  const pin = '648219'
  const tokens = join(folder, 'tokens')
  const pulledOut = join(folder, 'pulled-out')
  const configuration = join(folder, 'softhsm2.conf')
  mkdirSync(tokens)
  writeFileSync(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\n`)
  const environment = { SOFTHSM2_CONF: configuration }
  const tool = (...args: string[]): void => {
    execFileSync('/usr/bin/softhsm2-util', args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  tool('--init-token', '--free', '--label', 'mayfly test', '--so-pin', '12345678', '--pin', pin)
  return {
    uri: `pkcs11:token=mayfly%20test?module-path=${module}`,
    pin,
    environment,
    pullOut() {
      renameSync(tokens, pulledOut)
      mkdirSync(tokens)
    },
    putIn() {
      renameSync(tokens, join(folder, 'empty'))
      renameSync(pulledOut, tokens)
    },
    importKey(pem, label, idHex) {
      const file = join(folder, 'import.pem')
      writeFileSync(file, pem, { mode: 0o600 })
      tool('--import', file, '--token', 'mayfly test', '--label', label, '--id', idHex, '--pin', pin)
    },
  }
}

/** The processes that this one has started and that hold an HSM's module. */
export function hsmProcesses(parent: number = process.pid): number[] {
  return childProcesses('hsm-child', parent)
}

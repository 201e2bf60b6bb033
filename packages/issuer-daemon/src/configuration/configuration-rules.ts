import { join } from 'node:path'
import { bundleMaxAgeSecondsMax } from '@mayfly/ca-core'
import { isLocalHost } from '../store/postgres/connecting/postgres-url.ts'
import { longestGapSeconds } from './cron-gap.ts'
import type { IssuerFile } from './issuer-configuration.ts'

export interface BrokenRule {
  /** The key that is easiest to put right. */
  readonly path: readonly string[]
  readonly reason: string
}

/** The rules of `issuer.yaml` that concern more than one key. Says everything that is wrong. */
export function brokenRules(file: IssuerFile): BrokenRule[] {
  return [
    ...issuingRules(file),
    ...bundleRules(file),
    ...sweepRules(file),
    ...listenRules(file),
    ...databaseRules(file),
    ...adminRules(file),
    ...hsmRules(file),
  ]
}

/** Certificates an identity needs in a day where each lives its whole cycle. */
export function certificatesPerDay(cycleSeconds: number): number {
  return Math.ceil(86_400 / cycleSeconds)
}

function* issuingRules({ issuing }: IssuerFile): Generator<BrokenRule> {
  if (issuing.cycle > issuing.lifetime / 2) {
    yield {
      path: ['issuing', 'cycle'],
      reason: `must be at most half of issuing.lifetime (${issuing.lifetime / 2}s): the second half is the reserve for trouble`,
    }
  }
  const needed = certificatesPerDay(issuing.cycle)
  // What is no quota at all is told by the schema.
  if (issuing.dailyQuota !== undefined && issuing.dailyQuota >= 1 && issuing.dailyQuota < needed) {
    yield {
      path: ['issuing', 'dailyQuota'],
      reason: `must be at least ${needed}: a cycle of ${issuing.cycle}s needs as many a day`,
    }
  }
}

function* bundleRules({ bundle: { maxAge }, issuing }: IssuerFile): Generator<BrokenRule> {
  const max = issuing.lifetime / 4
  // What no life allows is told by the schema.
  if (maxAge === undefined || maxAge <= max || maxAge > bundleMaxAgeSecondsMax) return
  yield {
    path: ['bundle', 'maxAge'],
    reason: `must be at most a quarter of issuing.lifetime (${max}s): agents look at least as often`,
  }
}

function* sweepRules({ sweep, issuing }: IssuerFile): Generator<BrokenRule> {
  const gap = longestGapSeconds(sweep.cron)
  if (gap > issuing.cycle) {
    const found = Number.isFinite(gap) ? `${gap}s pass` : 'days pass'
    yield {
      path: ['sweep', 'cron'],
      reason: `must run at least once in issuing.cycle (${issuing.cycle}s), but ${found} between two runs`,
    }
  }
}

function* hsmRules({ hsm, passphrase }: IssuerFile): Generator<BrokenRule> {
  if (hsm?.pin.credential !== undefined && hsm.pin.credential === passphrase.credential) {
    yield {
      path: ['hsm', 'pin', 'credential'],
      reason: 'is the credential of the passphrase; the PIN needs its own',
    }
  }
}

function* listenRules({ listen, metrics }: IssuerFile): Generator<BrokenRule> {
  const same = metrics.listen?.port === listen.port && metrics.listen.host === listen.host
  if (same && listen.port !== 0) {
    yield { path: ['metrics', 'listen'], reason: 'is the address of the API; metrics need their own port' }
  }
}

function* adminRules({ state, admin }: IssuerFile): Generator<BrokenRule> {
  const taken = new Map([[admin.socket ?? join(state, 'admin.sock'), 'the owner']])
  for (const [name, { socket, may, names }] of Object.entries(admin.delegates)) {
    const path = ['admin', 'delegates', name]
    const other = taken.get(socket)
    taken.set(socket, name)
    if (other !== undefined) yield { path: [...path, 'socket'], reason: `is the socket of ${other}` }
    if (socket.startsWith(`${state}/`)) {
      yield {
        path: [...path, 'socket'],
        reason: `is in the state folder, which only the issuer may enter; put it elsewhere, such as /run/mayfly-issuer/${name}.sock`,
      }
    }
    if (names.length === 0 && may.some((power) => power === 'tokens' || power.startsWith('identities'))) {
      yield { path, reason: 'needs names: without any, no identity is its own' }
    }
  }
}

function* databaseRules({ store, database }: IssuerFile): Generator<BrokenRule> {
  const { password, tls, ca } = database
  if (store?.kind !== 'postgres') {
    const given = Object.entries({ password, tls, ca }).filter(([, value]) => value !== undefined)
    for (const [key] of given) {
      yield { path: ['database', key], reason: 'is for a PostgreSQL store, and store is none' }
    }
    return
  }
  if (tls === 'disable' && ca !== undefined) {
    yield { path: ['database', 'ca'], reason: 'says whom to trust, but database.tls is disable' }
  }
  const isRemote = !store.address.hosts.every(isLocalHost)
  if (ca === undefined && (tls === 'verify-full' || (tls === undefined && isRemote))) {
    yield {
      path: ['database', 'ca'],
      reason:
        'is needed: the PEM file of the authority that certified the database (or set database.tls to disable)',
    }
  }
}

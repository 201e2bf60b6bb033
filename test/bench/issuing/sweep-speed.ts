import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IssuingAuthority } from '../../../packages/issuer-daemon/src/issuing/intermediates/issuing-authority.ts'
import type { Bench, Figure } from '../figure.ts'
import { openRawInserts, signRaw } from './raw-limits.ts'
import { requestsInSweep } from './request-in-sweep.ts'
import { costRatio } from './sweep-at-scale.ts'
import {
  addCosts,
  bytesOf,
  type FilledIssuer,
  fillIssuer,
  prepareBenchAuthority,
  type SweepCost,
} from './sweep-bench.ts'

const identitiesFull = 102_000
const identitiesQuick = 10_000

/** Minted before anything is measured: the daemon does that every five minutes, and its code is warm. */
const warmUpShare = 2_000 / identitiesFull

/** Sweep, raw signing and raw inserts take turns, so that what else the machine does slows each of them. */
const turns = 5

/**
 * Identities that are all due: intents, signatures, certificates and audit, durable on SQLite. Each has a key of its
 * own. The limit is the slower of signing alone and of writing the same rows alone, in the same run: intents, certificates,
 * audit and what moves of each identity, in as many transactions.
 */
export const sweepSpeed: Bench = {
  async *run({ quick, tell }) {
    const authority = await prepareBenchAuthority()
    yield* speedOf(quick ? identitiesQuick : identitiesFull, authority, tell)
    yield* requestsInSweep(quick ? identitiesQuick : identitiesFull, authority, tell)
    if (!quick) yield* costRatio(authority, tell)
  },
}

async function* speedOf(
  count: number,
  authority: IssuingAuthority,
  tell: (what: string) => void,
): AsyncGenerator<Figure> {
  tell(`filling a store with ${count} identities`)
  const filled = await fillIssuer(count, authority)
  try {
    await filled.sweep(warmUpShare)
    tell('sweeping')
    yield* figuresOf(await besideLimits(filled, authority))
  } finally {
    await filled.close()
  }
}

interface Measured {
  readonly sweep: SweepCost
  readonly signingSeconds: number
  readonly insertingSeconds: number
  readonly grownBytes: number
}

async function besideLimits(filled: FilledIssuer, authority: IssuingAuthority): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-raw-'))
  const copy = join(folder, 'copy.sqlite')
  filled.checkpoint()
  await copyFile(filled.path, copy)
  const bytesBefore = await bytesOf(filled.path)
  const raw = openRawInserts(filled.path, copy)
  const costs: SweepCost[] = []
  let signingSeconds = 0
  let insertingSeconds = 0
  try {
    for (let turn = 1; turn <= turns; turn++) {
      const cost = await filled.sweep(warmUpShare + ((1 - warmUpShare) * turn) / turns)
      costs.push(cost)
      insertingSeconds += raw.follow()
      signingSeconds += await signRaw(authority.authority.signer, cost.minted)
    }
    const grownBytes = (await bytesOf(filled.path)) - bytesBefore
    return { sweep: addCosts(costs), signingSeconds, insertingSeconds, grownBytes }
  } finally {
    raw.close()
    await rm(folder, { recursive: true })
  }
}

function* figuresOf({ sweep, signingSeconds, insertingSeconds, grownBytes }: Measured): Generator<Figure> {
  const { minted, seconds, cpuSeconds } = sweep
  const limitSeconds = Math.max(signingSeconds, insertingSeconds)
  yield { name: 'sweep.count', value: minted, unit: 'certificates' }
  yield { name: 'sweep.perSecond', value: minted / seconds, unit: 'per second', aim: { atLeast: 6_000 } }
  yield { name: 'sweep.ofLimit', value: limitSeconds / seconds, unit: 'ratio', aim: { atLeast: 0.5 } }
  yield { name: 'sweep.signing.perSecond', value: minted / signingSeconds, unit: 'per second, alone' }
  yield { name: 'sweep.inserting.perSecond', value: minted / insertingSeconds, unit: 'per second, alone' }
  yield {
    name: 'sweep.cpuMicroseconds',
    value: (cpuSeconds * 1e6) / minted,
    unit: 'µs a certificate, all threads',
  }
  yield {
    name: 'sweep.bytesPerCertificate',
    value: grownBytes / minted,
    unit: 'bytes before anything is pruned, with its audit record',
  }
}

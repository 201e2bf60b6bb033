import { keptAlarms } from '@mayfly/issuer-daemon'
import * as z from 'zod'
import { count, errorCode, keyType, listOf, serial, sha256, time } from '../../json/json-fields.ts'

export const issuerInitJson = z.strictObject({
  request: z.string().describe('The file with the request.'),
  keyType,
  keySha256: sha256,
  key: z.string().exactOptional().describe('PKCS #11 URI of the key, where it is in an HSM.'),
})

export const issuerInstallJson = z.strictObject({
  subject: z.string(),
  serial,
  sha256,
  notAfter: time,
  rootSha256: sha256,
  bundleSequence: count,
  retired: sha256.exactOptional().describe('The intermediate that it replaces.'),
  prepared: z.boolean().describe('It waits, and another one goes on signing.'),
  units: listOf(z.string()).describe('Unit files that were written.'),
})

const authority = { subject: z.string(), fingerprint: sha256, notAfter: time }

const alarm = z.strictObject({
  because: z
    .enum([
      'lineage-conflict',
      'authority-missing',
      'authority-ending',
      'authority-expired',
      'root-ending',
      'authority-tainted',
      'clock-wrong',
      'sweep-stopped',
      'keys-failing',
      'store-unavailable',
      'hsm-unavailable',
      'store-log-growing',
      'reload-refused',
      ...keptAlarms,
    ])
    .describe('A heading of [operations](operations.md).'),
  message: z.string(),
  identity: z.string().exactOptional(),
  withinDays: count.exactOptional().describe('Of an intermediate that ends: which of the warnings it is.'),
  liveLeaves: count.exactOptional().describe('Of a tainted one: its certificates that have not expired.'),
})

export const issuerStatusJson = z.strictObject({
  at: time,
  counts: z
    .strictObject({
      identities: count,
      suspended: count,
      staged: count.describe('Keys that wait for their certificates.'),
      overdue: count.describe('Of those, the ones that should have one by now.'),
      certificates: count,
      issued: count,
      burnt: count.describe('Serials that were given up.'),
      openTokens: count,
      auditRecords: count,
    })
    .exactOptional()
    .describe('Like all else that only the store knows, absent while that cannot be read.'),
  authority: z.strictObject(authority).exactOptional().describe('The intermediate that signs.'),
  intermediates: listOf(
    z.strictObject({
      slot: z
        .enum(['current', 'next', 'retired', 'other'])
        .describe('`other`: of another issuer on the same store, or from before this state folder.'),
      ...authority,
      taintedAt: time.exactOptional(),
      liveLeaves: count
        .exactOptional()
        .describe(
          'Certificates under it that have not expired; counted while one was tainted or replaced lately.',
        ),
      lastLeafNotAfter: time.exactOptional(),
      hasKey: z.boolean(),
    }),
  ),
  roots: listOf(z.strictObject(authority)).describe('Of the trust bundle that is served.'),
  bundleSequence: count.describe('0 while there is no bundle.'),
  lastSweep: z
    .strictObject({
      due: count,
      minted: count,
      failed: count,
      waiting: z
        .strictObject({ keys: count, because: listOf(z.string()) })
        .exactOptional()
        .describe("Keys that failed for reasons of the issuer's own, and stay due; with the error codes."),
      stopped: z
        .strictObject({ code: errorCode, message: z.string().describe('A sentence that says what to do.') })
        .exactOptional()
        .describe('What ended it before its end.'),
      finishedAt: time,
      durationSeconds: z.number(),
    })
    .exactOptional(),
  fleet: z
    .strictObject({
      agents: count,
      agentsBehind: count.describe('Those that hold an older trust bundle than the one that is served.'),
      byVersion: listOf(z.strictObject({ version: z.string(), agents: count })),
      byBundleSequence: listOf(z.strictObject({ bundleSequence: count, agents: count })),
    })
    .exactOptional()
    .describe('What the agents told last.'),
  oldestUnfetched: z
    .strictObject({ identity: z.string(), serial, notAfter: time })
    .exactOptional()
    .describe('The certificate that has waited longest for its host.'),
  storeBytes: count.exactOptional(),
  alarms: listOf(alarm),
})

export const issuerTaintJson = z.strictObject({
  fingerprint: sha256,
  subject: z.string(),
  current: sha256.describe('The intermediate that signs from now on.'),
})

export const issuerActivateJson = z.strictObject({ fingerprint: sha256, subject: z.string() })

export const issuerBackupJson = z.strictObject({
  path: z.string(),
  at: time,
  auditNumber: count.describe('The last audit record in it.'),
})

export const issuerRestoreJson = z.strictObject({
  backupAt: time,
  restoredAt: time,
  replaced: z.string().exactOptional().describe('Where the store that was there before is now.'),
  replacedReadable: z
    .boolean()
    .describe('Where it is false, nobody knows who was suspended since the backup.'),
  keptSuspended: listOf(z.string()).describe('Identities that were suspended since, and stay so.'),
  endedLineages: listOf(z.string()).describe(
    'Identities whose lineage has ended since; their hosts need tokens.',
  ),
  changedIdentities: listOf(z.string()).describe('Identities whose names or profile were others.'),
  lostIdentities: listOf(z.string()).describe('Identities that were added since, and are gone.'),
  revokedTokens: count,
  unstagedKeys: count.describe('Keys that waited, and that their hosts ask for again.'),
  acceptForgotten: z.boolean(),
})

export const issuerAcceptForgottenJson = z.strictObject({ backupAt: time, restoredAt: time })

export const issuerAcceptClockJson = z.strictObject({ accepted: z.literal(true) })

export const issuerAcknowledgeJson = z.strictObject({
  alarm: z.enum(keptAlarms),
  acknowledged: z.literal(true),
})
